using System.Text;
using System.Text.Json;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>The <c>event_fields</c> of a filter (C-S API, Filtering): which members of an event a client wants, as dot-separated paths.</summary>
public sealed class EventFields
{
    private readonly Dictionary<string, EventFields> _members = new(StringComparer.Ordinal);
    private bool _whole;

    /// <summary>Reads paths; in a name, <c>\.</c> stands for a dot and <c>\\</c> for a backslash.</summary>
    public static EventFields Parse(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var root = new EventFields();
        foreach (var path in paths)
        {
            var node = root;
            foreach (var name in Names(path))
            {
                if (!node._members.TryGetValue(name, out var next))
                    node._members.Add(name, next = new EventFields());
                node = next;
            }

            node._whole = true;
        }

        return root;
    }

    /// <summary>Writes the wanted part of an object; of its members only those that something is wanted of.</summary>
    public void Write(Utf8JsonWriter writer, JsonElement json)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        foreach (var member in json.EnumerateObject())
        {
            if (!_members.TryGetValue(member.Name, out var wanted))
                continue;
            if (wanted._whole)
            {
                member.WriteTo(writer);
            }
            else if (wanted.HasAnyOf(member.Value))
            {
                writer.WritePropertyName(member.Name);
                wanted.Write(writer, member.Value);
            }
        }

        writer.WriteEndObject();
    }

    private bool HasAnyOf(JsonElement json) => json.ValueKind == JsonValueKind.Object && json.EnumerateObject()
        .Any(m => _members.TryGetValue(m.Name, out var wanted) && (wanted._whole || wanted.HasAnyOf(m.Value)));

    private static List<string> Names(string path)
    {
        List<string> names = [];
        var name = new StringBuilder();
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '\\' && i + 1 < path.Length && path[i + 1] is ('.' or '\\'))
            {
                name.Append(path[++i]);
            }
            else if (path[i] == '.')
            {
                names.Add(name.ToString());
                name.Clear();
            }
            else
            {
                name.Append(path[i]);
            }
        }

        names.Add(name.ToString());
        return names;
    }
}
