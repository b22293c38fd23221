using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Relations;

namespace OrleansMatrix.Grains.Room.Sending;

/// <summary>What a local user's event may relate to, and how often.</summary>
internal static class CheckRelation
{
    /// <summary>Annotations of one event by one user that are looked at: more keys than anybody gives.</summary>
    private const int MaxAnnotations = 500;

    /// <summary>The error that <see cref="RelationChecks"/> says; null for an event without a relation.</summary>
    public static async ValueTask<MatrixError?> FindFaultAsync(ActiveRoom room, Pdu pdu)
    {
        if (Relation.Of(pdu) is not { } relation)
            return null;
        var parent = relation.RelType == RelationTypes.Thread ? (await room.Events.GetAsync(relation.EventId))?.Pdu : null;
        var annotations = relation.RelType == RelationTypes.Annotation ? await AnnotationsAsync(room, pdu, relation.EventId) : [];
        return RelationChecks.Check(pdu.Type, pdu.Sender, relation, parent, annotations);
    }

    // Those of commits on their way first: by the time that storage is read, they may be there and no longer on their way.
    private static async ValueTask<List<Pdu>> AnnotationsAsync(ActiveRoom room, Pdu pdu, string parentId)
    {
        List<Pdu> found = [.. room.Events.Pending];
        var stored = await room.Services.Storage.Events.AnnotationsAsync(room.RoomId, parentId, pdu.Type, pdu.Sender, MaxAnnotations);
        found.AddRange(stored.Select(row => Pdu.FromStored(row.Json, room.Version, row.EventId)));
        return found;
    }
}
