using System.Text.Json;

namespace OrleansMatrix.Grains.Directory;

/// <summary>The content of m.room.canonical_alias.</summary>
internal static class CanonicalAliasContent
{
    /// <summary>The content without an alias; null if it does not name it.</summary>
    public static ReadOnlyMemory<byte>? Without(JsonElement content, string alias)
    {
        if (content.ValueKind != JsonValueKind.Object)
            return null;
        var found = false;
        var changed = JsonBytes.Object(w =>
        {
            foreach (var member in content.EnumerateObject())
            {
                if (member.Name == "alias" && IsAlias(member.Value))
                {
                    found = true;
                    continue;
                }

                if (member.Name != "alt_aliases" || member.Value.ValueKind != JsonValueKind.Array || !member.Value.EnumerateArray().Any(IsAlias))
                {
                    member.WriteTo(w);
                    continue;
                }

                found = true;
                w.WriteStartArray("alt_aliases"u8);
                foreach (var other in member.Value.EnumerateArray().Where(a => !IsAlias(a)))
                    other.WriteTo(w);
                w.WriteEndArray();
            }
        });
        return found ? changed : (ReadOnlyMemory<byte>?)null;

        bool IsAlias(JsonElement value) => value.ValueKind == JsonValueKind.String && value.ValueEquals(alias);
    }
}
