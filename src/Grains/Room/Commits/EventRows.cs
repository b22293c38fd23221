using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Relations;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>Makes the rows of events.</summary>
internal static class EventRows
{
    // Longer ones cannot be of an event, and the index has no place for them.
    private const int MaxRelation = 255;

    /// <summary>The row of an event without a place in the history.</summary>
    public static EventRow Of(string roomId, Pdu pdu, EventStatus status, StateNodeId? stateBefore, int? generation)
    {
        var relation = pdu.IsState || Relation.Of(pdu) is not { EventId.Length: > 0 and <= MaxRelation, RelType.Length: > 0 and <= MaxRelation } related
            ? default(Relation?) : related;
        return new EventRow
        {
            EventId = pdu.EventId,
            RoomId = roomId,
            Type = pdu.Type,
            StateKey = pdu.StateKey,
            Sender = pdu.Sender,
            Depth = pdu.Depth,
            OriginServerTs = pdu.OriginServerTs,
            Status = status,
            StateBefore = stateBefore,
            AuthGeneration = generation,
            Json = pdu.Json,
            RelatesTo = relation?.EventId,
            RelType = relation?.RelType,
        };
    }
}
