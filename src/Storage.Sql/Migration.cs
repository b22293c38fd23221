using System.Globalization;
using System.Reflection;

namespace OrleansMatrix.Storage.Sql;

/// <summary>A numbered SQL file of a back end, embedded in its assembly. Applied once, in order, never changed afterwards.</summary>
public sealed record Migration(int Number, string Name, string Sql)
{
    /// <summary>The migrations of an assembly: resources named <c>….Migrations.NNNN_name.sql</c>.</summary>
    public static IReadOnlyList<Migration> Of(Assembly assembly)
    {
        const string folder = ".Migrations.";
        List<Migration> all = [];
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            var start = resource.IndexOf(folder, StringComparison.Ordinal);
            if (start < 0) continue;
            var name = resource[(start + folder.Length)..];
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            all.Add(new Migration(
                int.Parse(name.AsSpan(0, name.IndexOf('_', StringComparison.Ordinal)), CultureInfo.InvariantCulture), name, reader.ReadToEnd()));
        }
        return [.. all.OrderBy(migration => migration.Number)];
    }
}
