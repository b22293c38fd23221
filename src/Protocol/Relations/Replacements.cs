using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Relations;

/// <summary>Edits (C-S API, Event replacements).</summary>
public static class Replacements
{
    /// <summary>Whether an event is a valid edit of another (Validity of replacement events).</summary>
    public static bool IsValid(Pdu original, Pdu replacement)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(replacement);
        return replacement.RoomId == original.RoomId &&
            replacement.Sender == original.Sender &&
            replacement.Type == original.Type &&
            !replacement.IsState && !original.IsState &&
            Relation.Of(original)?.RelType != RelationTypes.Replace &&
            Relation.Of(replacement) is { RelType: RelationTypes.Replace } relation && relation.EventId == original.EventId &&
            // That of an encrypted event is in its ciphertext.
            (replacement.Type == EventTypes.Encrypted || replacement.Content.TryGetProperty("m.new_content", out _));
    }

    /// <summary>
    /// The valid edit that counts: the most recent by <c>origin_server_ts</c>, of those with the same the one with the largest id. Null when
    /// there is none. An original that was redacted gets none (Server-side aggregation of m.replace relationships).
    /// </summary>
    public static Pdu? Latest(Pdu original, IEnumerable<Pdu> replacements)
    {
        ArgumentNullException.ThrowIfNull(replacements);
        Pdu? latest = null;
        foreach (var replacement in replacements)
        {
            if (IsValid(original, replacement) && (latest is null || IsMoreRecent(replacement, latest)))
                latest = replacement;
        }

        return latest;
    }

    private static bool IsMoreRecent(Pdu x, Pdu y) => x.OriginServerTs != y.OriginServerTs
        ? x.OriginServerTs > y.OriginServerTs
        : string.CompareOrdinal(x.EventId, y.EventId) > 0;
}
