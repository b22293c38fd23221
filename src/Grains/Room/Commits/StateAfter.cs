using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>The state after an event.</summary>
internal static class StateAfter
{
    /// <summary>The state before with the event in it, if it is a state event and was not rejected.</summary>
    public static ValueTask<StateNodeId> OfAsync(ActiveRoom room, Pdu pdu, StateNodeId before) =>
        pdu.StateKey is { } key ? room.Map.SetAsync(before, pdu.Type, key, pdu.EventId) : new ValueTask<StateNodeId>(before);

    /// <inheritdoc cref="OfAsync(ActiveRoom, Pdu, StateNodeId)"/>
    public static ValueTask<StateNodeId> OfAsync(ActiveRoom room, KnownEvent known, StateNodeId before) =>
        known.Status.HasFlag(EventStatus.Rejected) ? new ValueTask<StateNodeId>(before) : OfAsync(room, known.Pdu, before);
}
