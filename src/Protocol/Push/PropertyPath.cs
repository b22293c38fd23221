using System.Collections.Immutable;
using System.Text;

namespace OrleansMatrix.Protocol.Push;

/// <summary>A path to a property of an event, such as <c>content.m\.relates_to.rel_type</c> (appendices, Dot-separated property paths).</summary>
public static class PropertyPath
{
    /// <summary>The names on the path. A backslash before a dot or a backslash takes its meaning away; others are left as they are.</summary>
    public static ImmutableArray<string> Split(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.Contains('\\', StringComparison.Ordinal))
            return [.. path.Split('.')];
        var names = ImmutableArray.CreateBuilder<string>();
        var name = new StringBuilder();
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '.')
            {
                names.Add(name.ToString());
                name.Clear();
                continue;
            }

            if (path[i] == '\\' && i + 1 < path.Length && path[i + 1] is ('.' or '\\'))
                i++;
            name.Append(path[i]);
        }

        names.Add(name.ToString());
        return names.DrainToImmutable();
    }
}
