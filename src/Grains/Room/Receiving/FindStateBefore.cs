using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>Works out the state before a remote event from the events that it follows, or takes what a resident server said it is.</summary>
internal static class FindStateBefore
{
    /// <summary>
    /// The state with the previous events that are missing, of which there are none unless the state was given; or null with the previous events, or given
    /// state events, without which it cannot be known. Empty <paramref name="given"/>: it cannot be had as long as the room's state lacks members.
    /// </summary>
    public static async ValueTask<(StateNodeId? State, ImmutableArray<string> Missing)> RunAsync(
        ActiveRoom room, Pdu pdu, ImmutableArray<string> given, ImmutableArray<StateAtEvent> atMissing = default)
    {
        var parents = await room.Events.GetManyAsync(pdu.PrevEvents);
        ImmutableArray<string> missing = [.. pdu.PrevEvents.Where(id => !parents.TryGetValue(id, out var parent) || parent.StateBefore is null)];
        var states = new List<StateNodeId>(parents.Count);
        if (!missing.IsEmpty && !atMissing.IsDefault)
        {
            foreach (var id in missing)
            {
                var at = atMissing.FirstOrDefault(s => s.EventId == id)?.State ?? [];
                if (!parents.TryGetValue(id, out var parent) || at.IsEmpty || await FromGivenAsync(room, at, []) is not { State: { } state })
                    return (null, missing);
                states.Add(await StateAfter.OfAsync(room, parent, state));
            }
        }
        else if (!missing.IsEmpty)
        {
            if (given.IsDefault || (given.IsEmpty && room.Partial is null))
                return (null, missing);
            if (!given.IsEmpty)
                return await FromGivenAsync(room, given, missing);
        }

        // As long as members are missing, what is behind a gap is taken for as it was after the join; it is asked for when the state is made whole.
        if (!missing.IsEmpty && atMissing.IsDefault)
        {
            var join = (await room.Events.GetAsync(room.Partial!.JoinEventId))!;
            states.Add(await StateAfter.OfAsync(room, join, join.StateBefore!.Value));
        }

        foreach (var parent in parents.Values.Where(p => p.StateBefore is not null))
            states.Add(await StateAfter.OfAsync(room, parent, parent.StateBefore!.Value));
        return (await ResolveState.OfAsync(room, states), missing);
    }

    private static async ValueTask<(StateNodeId? State, ImmutableArray<string> Missing)> FromGivenAsync(
        ActiveRoom room, ImmutableArray<string> given, ImmutableArray<string> missingPrevious)
    {
        var events = await room.Events.GetManyAsync(given);
        ImmutableArray<string> missing = [.. given.Where(id => !events.ContainsKey(id))];
        if (!missing.IsEmpty)
            return (null, missing);
        // What was rejected here is no part of any state.
        var entries = events.Values
            .Where(e => e.Pdu.StateKey is not null && !e.Status.HasFlag(EventStatus.Rejected))
            .Select(e => new StateEntry(e.Pdu.Type, e.Pdu.StateKey!, e.Pdu.EventId));
        return (room.Map.Build(entries), missingPrevious);
    }
}
