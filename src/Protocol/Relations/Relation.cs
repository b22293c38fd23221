using System.Text.Json;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Relations;

/// <summary>What an event says about its parent in <c>m.relates_to</c> (C-S API, Forming relationships between events).</summary>
/// <param name="RelType">The kind of relation.</param>
/// <param name="EventId">The parent.</param>
/// <param name="Key">The <c>key</c> of an annotation, else null.</param>
public readonly record struct Relation(string RelType, string EventId, string? Key)
{
    /// <summary>The relation of an event; null when it has none or one that does not match the schema. A reply alone is none.</summary>
    public static Relation? Of(Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        // Most events have none, and their content need not be parsed to see that.
        return pdu.ContentJson.Span.IndexOf("\"m.relates_to\""u8) < 0 ? null : Of(pdu.Content);
    }

    /// <summary>The relation that a content names.</summary>
    public static Relation? Of(JsonElement content)
    {
        if (content.ValueKind != JsonValueKind.Object || !content.TryGetProperty("m.relates_to", out var relation) ||
            Text(relation, "rel_type") is not { } relType || Text(relation, "event_id") is not { } eventId)
            return null;
        return new Relation(relType, eventId, relType == RelationTypes.Annotation ? Text(relation, "key") : null);
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
