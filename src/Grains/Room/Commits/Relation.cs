using System.Text.Json;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>Reads what an event relates to (C-S API, Forming relationships between events).</summary>
internal static class Relation
{
    private const int MaxLength = 255;

    /// <summary>The parent's event id and the kind of relation; both null if there is none.</summary>
    public static (string? RelatesTo, string? RelType) Of(Pdu pdu)
    {
        if (!pdu.HasContentMember("m.relates_to"u8) || pdu.IsState)
            return default;
        var relation = pdu.Content.GetProperty("m.relates_to");
        return Text(relation, "event_id") is { } parent && Text(relation, "rel_type") is { } type ? (parent, type) : default;
    }

    private static string? Text(JsonElement relation, string name) =>
        JsonBytes.StringMember(relation, name) is { Length: > 0 and <= MaxLength } text ? text : null;
}
