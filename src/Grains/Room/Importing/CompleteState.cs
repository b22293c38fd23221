using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Importing;

/// <summary>
/// Makes a room's state whole in one commit: the state before the join gets its members, the events since are judged again with it, and the current state is
/// what follows from them.
/// </summary>
internal static class CompleteState
{
    /// <param name="room">A room whose state is known in part.</param>
    /// <param name="unit">The commit.</param>
    /// <param name="durable">Completes when all that the room was changed by before is durable.</param>
    /// <param name="members">The members before the join; those of them that the present state lacks have their rows.</param>
    /// <param name="gaps">For events whose previous events could not be had: how the state before them differs from that before the join.</param>
    public static async ValueTask<Outcome<Nothing>> RunAsync(
        ActiveRoom room, RoomUnit unit, Task durable, IReadOnlyList<StateEntry> members, IReadOnlyDictionary<string, IReadOnlyList<StateChange>> gaps)
    {
        if (room.Partial is not { } partial)
            return Nothing.Value;
        await durable;
        room.Partial = null;
        var join = (await room.Events.GetAsync(partial.JoinEventId))!;
        var known = await room.Map.ListAsync(join.StateBefore!.Value);
        var whole = room.Map.Build(members.Concat(known));
        join = join with { StateBefore = whole };
        unit.Restate(join);
        foreach (var eventId in await EventsSinceJoin.ListAsync(room, partial))
            await RejudgeAsync(room, unit, (await room.Events.GetAsync(eventId))!, join, gaps.GetValueOrDefault(eventId));

        var extremities = await FindExtremitiesAsync(room);
        var resolved = await ResolveState.OfAsync(room, [.. extremities.Select(e => e.StateAfter)]);
        await CountMembersAsync(room);
        var rows = members.ToDictionary(m => m.StateKey, m => m.EventId, StringComparer.Ordinal);
        await unit.SetExtremitiesAsync(extremities, resolved, rows);

        // The members were stored beside the room, and redactions of them may have come before they did.
        var behindGaps = gaps.Values.SelectMany(g => g).Select(c => c.New);
        await Redactions.ApplyPendingAsync(room, unit, [.. members.Select(m => m.EventId), .. behindGaps.OfType<string>()]);

        // What changed meanwhile went only to servers whose members were known.
        unit.TellAllOfDevices();
        unit.EndPartial();
        return Nothing.Value;
    }

    private static async ValueTask RejudgeAsync(ActiveRoom room, RoomUnit unit, KnownEvent known, KnownEvent join, IReadOnlyList<StateChange>? gap)
    {
        var parents = await room.Events.GetManyAsync(known.Pdu.PrevEvents);
        var states = new List<StateNodeId>();
        foreach (var parent in parents.Values.Where(p => p.StateBefore is not null))
            states.Add(await StateAfter.OfAsync(room, parent, parent.StateBefore!.Value));
        if (states.Count < known.Pdu.PrevEvents.Distinct(StringComparer.Ordinal).Count())
        {
            var state = join.StateBefore!.Value;
            foreach (var change in gap ?? [])
                state = await room.Map.SetAsync(state, change.Type, change.StateKey, change.New);
            // What a server tells of the state before an event counts for all that the event follows.
            states = gap is null ? [.. states, await StateAfter.OfAsync(room, join, state)] : [state];
        }

        var before = await ResolveState.OfAsync(room, states);
        var status = known.Status;
        if (status == EventStatus.None && await CheckState.FindFaultAsync(room, known.Pdu, room.View(before)) is not null)
            status = EventStatus.Rejected;
        unit.Restate(known with { StateBefore = before, Status = status });
    }

    /// <summary>The extremities as they are now; in the place of rejected ones those that they follow, soft-failed ones not among them.</summary>
    private static async ValueTask<List<Extremity>> FindExtremitiesAsync(ActiveRoom room)
    {
        var found = new Dictionary<string, Extremity>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(room.Extremities.Select(e => e.EventId));
        while (open.TryPop(out var eventId))
        {
            if (!seen.Add(eventId) || await room.Events.GetAsync(eventId) is not { StateBefore: { } before } known)
                continue;
            if ((known.Status & (EventStatus.Rejected | EventStatus.SoftFailed)) == 0)
            {
                found[eventId] = new Extremity(eventId, known.Pdu.Depth, await StateAfter.OfAsync(room, known.Pdu, before));
                continue;
            }

            foreach (var previous in known.Pdu.PrevEvents)
                open.Push(previous);
        }

        return [.. found.Values];
    }

    // The rows of all members are durable: what they say is the count before the state changes.
    private static async ValueTask CountMembersAsync(ActiveRoom room)
    {
        var storage = room.Services.Storage;
        room.Summary = room.Summary with { JoinedMembers = (await storage.Memberships.CountAsync(room.RoomId)).Joined };
        room.Servers.Clear();
        foreach (var (server, count) in await storage.Memberships.ServersAsync(room.RoomId))
        {
            if (count > 0)
                room.Servers[server] = count;
        }
    }
}
