using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The <c>state</c> (or <c>state_after</c>) section of a room in a sync.</summary>
internal static class StateDeltaReader
{
    /// <param name="scope">The sync.</param>
    /// <param name="room">The room.</param>
    /// <param name="timeline">The timeline that the state goes with.</param>
    /// <param name="full">The whole state, not what changed since.</param>
    /// <param name="isNew">The client has nothing of the room.</param>
    /// <param name="upTo">The end of the timeline.</param>
    /// <param name="heroes">Users whose member events the client needs.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async ValueTask<List<EventRow>> ReadAsync(
        SyncScope scope, RoomView room, Timeline timeline, bool full, bool isNew, HistoryOrder upTo, IReadOnlyList<string> heroes,
        CancellationToken cancellationToken)
    {
        var filter = scope.Filter.State;
        if (filter.IsClosed || !filter.AllowsRoom(room.RoomId))
            return [];
        var lazy = filter.LazyLoadMembers;
        var ids = new List<string>();
        StateNodeId? root = null;
        if (full)
        {
            root = await RootAsync(scope, room, timeline, upTo, cancellationToken);
            foreach (var entry in await scope.Services.Read.States.ListAsync(root.Value, lazy ? StatePart.NonMembers : StatePart.All, cancellationToken))
            {
                if (filter.AllowsType(entry.Type))
                    ids.Add(entry.EventId);
            }
        }
        else if (NeedsDiff(scope, timeline))
        {
            // A timeline that a filter thins out does not tell of all changes behind its start: then the state tells them too.
            var whole = scope.Request.UseStateAfter || !scope.Filter.Timeline.IsOpen;
            root = whole ? await room.StateAfterAsync(upTo, cancellationToken) : await StartRootAsync(room, timeline, upTo, cancellationToken);
            var from = await room.StateAfterAsync(scope.SincePlace, cancellationToken);
            foreach (var change in await scope.Services.Read.States.DiffAsync(from, root.Value, cancellationToken))
            {
                if (change.New is { } id && filter.AllowsType(change.Type))
                    ids.Add(id);
            }
        }

        else if (!IsStraight(scope, room, timeline))
        {
            // Where branches of the event graph met, the state is what state resolution made of them; no event of the timeline may say so.
            root = await room.StateAfterAsync(upTo, cancellationToken);
            var (known, also) = await KnownStateAsync(scope, room, cancellationToken);
            foreach (var change in await scope.Services.Read.States.DiffAsync(known, root.Value, cancellationToken))
            {
                if (change.New is { } id && id != also && filter.AllowsType(change.Type))
                    ids.Add(id);
            }
        }

        if (timeline.Events is [.., var last])
            scope.User.LastTold.Set(room.RoomId, new ToldEvent(last.EventId, last.Position, last.StateKey is null ? root ?? last.StateBefore : null));
        if (lazy)
            await AddMembersAsync(scope, room, timeline, full, isNew, upTo, heroes, root, ids, cancellationToken);
        if (ids.Count == 0)
            return [];
        var told = scope.Request.UseStateAfter ? []
            : timeline.Events.Where(e => e.StateKey is not null).Select(e => e.EventId).ToHashSet(StringComparer.Ordinal);
        ids.RemoveAll(told.Contains);
        var rows = await room.FindManyAsync(ids, cancellationToken);
        rows.RemoveAll(r => !filter.Allows(r.Type, r.Sender, r.Json.Span));
        foreach (var row in rows)
            Remember(scope, row);
        return rows;
    }

    private static bool NeedsDiff(SyncScope scope, Timeline timeline) =>
        timeline.Limited || !scope.Filter.Timeline.IsOpen || (scope.Request.UseStateAfter && timeline.Events.Exists(e => e.StateKey is not null));

    /// <summary>Whether each event follows the one that was told before it, and no other.</summary>
    private static bool IsStraight(SyncScope scope, RoomView room, Timeline timeline)
    {
        var before = scope.User.LastTold.Get(room.RoomId, scope.Since.Position)?.EventId;
        foreach (var row in timeline.Events)
        {
            var previous = room.Parse(row).PrevEvents;
            if (previous is not [var only] ? previous.Length > 1 : before is not null && only != before)
                return false;
            before = row.EventId;
        }

        return true;
    }

    /// <summary>The root of the state that the client has, and the id of an event that it has besides.</summary>
    private static async ValueTask<(StateNodeId Root, string? Also)> KnownStateAsync(SyncScope scope, RoomView room, CancellationToken cancellationToken)
    {
        if (scope.User.LastTold.Get(room.RoomId, scope.Since.Position)?.StateAfter is { } told)
            return (told, null);
        var previous = await scope.Services.Storage.Events.RangeAsync(
            room.RoomId, HistoryOrder.Start, scope.SincePlace, Direction.Backward, 1, cancellationToken);
        return previous is [{ StateBefore: { } state } row] ? (state, row.EventId) : (await room.StateAfterAsync(scope.SincePlace, cancellationToken), null);
    }

    private static async ValueTask<StateNodeId> RootAsync(
        SyncScope scope, RoomView room, Timeline timeline, HistoryOrder upTo, CancellationToken cancellationToken) =>
        scope.Request.UseStateAfter || !scope.Filter.Timeline.IsOpen
            ? await room.StateAfterAsync(upTo, cancellationToken) : await StartRootAsync(room, timeline, upTo, cancellationToken);

    // A timeline may begin behind what the user may see of the state, with the ban of one who had left.
    private static async ValueTask<StateNodeId> StartRootAsync(RoomView room, Timeline timeline, HistoryOrder upTo, CancellationToken cancellationToken) =>
        timeline.Events is [{ StateBefore: { } state, Order: { } first }, ..] && first <= upTo ? state
        : await room.StateAfterAsync(timeline.Start < upTo ? timeline.Start : upTo, cancellationToken);

    /// <summary>
    /// Lazy loading (C-S API, Lazy-loading room members): the members that sent what is in the timeline, the heroes, and with the full state the user itself,
    /// as far as the client does not have them.
    /// </summary>
    private static async ValueTask AddMembersAsync(
        SyncScope scope, RoomView room, Timeline timeline, bool full, bool isNew, HistoryOrder upTo, IReadOnlyList<string> heroes, StateNodeId? root,
        List<string> ids,
        CancellationToken cancellationToken)
    {
        var users = timeline.Events.Select(e => e.Sender).ToHashSet(StringComparer.Ordinal);
        users.UnionWith(heroes);
        if (full)
            users.Add(scope.UserId);
        if (users.Count == 0)
            return;
        var state = root ?? (
            scope.Request.UseStateAfter ? await room.StateAfterAsync(upTo, cancellationToken) : await StartRootAsync(room, timeline, upTo, cancellationToken));
        var repeat = full || isNew || scope.Filter.State.IncludeRedundantMembers;
        foreach (var userId in users)
        {
            var member = await scope.Services.Read.States.GetAsync(state, EventTypes.Member, userId, cancellationToken);
            if ((member ?? await ClaimedAsync(room, timeline, userId, cancellationToken)) is { } id && !ids.Contains(id) &&
                (repeat || !scope.LazyMembers.Knows(room.RoomId, userId, id, scope.Since.Position)))
                ids.Add(id);
        }

        foreach (var row in timeline.Events)
            Remember(scope, row);
    }

    /// <summary>The member event by which a sender's event is allowed: the state of a room that was joined without its members does not have it yet.</summary>
    private static async ValueTask<string?> ClaimedAsync(RoomView room, Timeline timeline, string userId, CancellationToken cancellationToken)
    {
        foreach (var row in timeline.Events.Where(e => e.Sender == userId))
        {
            foreach (var auth in await room.FindManyAsync(room.Parse(row).AuthEvents, cancellationToken))
            {
                if (auth is { Type: EventTypes.Member, StateKey: { } member } && member == userId)
                    return auth.EventId;
            }
        }

        return null;
    }

    private static void Remember(SyncScope scope, EventRow row)
    {
        if (scope.Filter.LazyMembers && row is { Type: EventTypes.Member, StateKey: { } userId })
            scope.LazyMembers.Sent(row.RoomId, userId, row.EventId, scope.UpTo);
    }
}
