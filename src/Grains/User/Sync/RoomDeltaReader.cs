using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>Reads what a sync tells of one room's timeline and state.</summary>
internal static class RoomDeltaReader
{
    /// <summary>
    /// A joined room. <paramref name="newest"/>: the newest events of the range, newest first, if they have been read (<paramref name="newestLimit"/> at most).
    /// <paramref name="isFilled"/>: its members have come to be known.
    /// </summary>
    public static async ValueTask<RoomDelta?> JoinedAsync(
        SyncScope scope, MembershipRow row, IReadOnlyList<EventRow>? newest, int newestLimit, bool isFilled, CancellationToken cancellationToken)
    {
        if (await RoomView.OpenAsync(scope.Services.Read, row.RoomId, cancellationToken) is not { } room)
            return null;
        var visibility = await RoomVisibility.OpenAsync(room, scope.UserId, row, cancellationToken);
        var isNew = (isFilled && scope.WantsAllMembers) || await IsNewAsync(scope, room, row, cancellationToken);
        var after = isNew ? HistoryOrder.Start : scope.SincePlace;
        var timeline = await TimelineReader.ReadAsync(
            scope, room, visibility, after, scope.UpToPlace, isNew && !scope.IsInitial ? null : newest, newestLimit, cancellationToken);
        // Of a room joined since, what came before is not all told: the client may ask for it.
        if (isNew && !scope.IsInitial && timeline.Oldest <= scope.SincePlace)
            timeline = timeline with { Limited = true };
        return await ReadAsync(scope, room, visibility, row, timeline, isNew || scope.Request.FullState, isNew, scope.UpToPlace, cancellationToken, isFilled);
    }

    /// <summary>A room that the user has left or was banned from. Never more than the one event for who was not joined.</summary>
    public static async ValueTask<RoomDelta?> LeftAsync(SyncScope scope, MembershipRow row, CancellationToken cancellationToken)
    {
        if (await RoomView.OpenAsync(scope.Services.Read, row.RoomId, cancellationToken) is not { } room)
            return null;
        var visibility = await RoomVisibility.OpenAsync(room, scope.UserId, row, cancellationToken);
        if (visibility.DepartedAt is not { } departed)
            return await OwnEventAsync(scope, room, visibility, row, cancellationToken);
        var upTo = await room.FindAsync(row.EventId, cancellationToken) is { Order: { } order } ? order : visibility.Bound;
        var isNew = scope.IsInitial || await MembershipAtSinceAsync(scope, room, cancellationToken) != Membership.Join ||
            await WasHiddenAsync(scope, row.RoomId, cancellationToken);
        var after = isNew ? HistoryOrder.Start : scope.SincePlace;
        var timeline = await TimelineReader.ReadAsync(scope, room, visibility, after, upTo, null, 0, cancellationToken);
        // Who left and was banned later is told of the ban; the state is that of when it left.
        return await ReadAsync(scope, room, visibility, row, timeline, isNew || scope.Request.FullState, isNew, departed, cancellationToken);
    }

    /// <summary>
    /// Whether the client does not have the room's state yet: it has never been told of the room as a joined one, or not since the user came back.
    /// </summary>
    private static async ValueTask<bool> IsNewAsync(SyncScope scope, RoomView room, MembershipRow row, CancellationToken cancellationToken) =>
        scope.IsInitial || (row.Position > scope.Since.Position && await MembershipAtSinceAsync(scope, room, cancellationToken) != Membership.Join);

    /// <summary>Whether the client was not told of the room before it was left, since its members were not known.</summary>
    private static async ValueTask<bool> WasHiddenAsync(SyncScope scope, string roomId, CancellationToken cancellationToken) => scope.WantsAllMembers &&
        (await scope.Services.Storage.PartialRooms.EndsAsync([roomId], cancellationToken)).GetValueOrDefault(roomId) > scope.Since.Position;

    private static async ValueTask<string> MembershipAtSinceAsync(SyncScope scope, RoomView room, CancellationToken cancellationToken) =>
        await room.MembershipAsync(await room.StateAfterAsync(scope.SincePlace, cancellationToken), scope.UserId, cancellationToken);

    private static async ValueTask<RoomDelta?> OwnEventAsync(
        SyncScope scope, RoomView room, RoomVisibility visibility, MembershipRow row, CancellationToken cancellationToken)
    {
        var renderer = Renderer(scope, room);
        List<EventRow> events = await room.FindAsync(row.EventId, cancellationToken) is { } own ? [own] : [];
        await renderer.PrepareAsync(events, visibility, false, cancellationToken);
        var place = events is [{ Order: { } order }] ? HistoryToken.JustBefore(order) : scope.UpToPlace;
        return new RoomDelta(room, renderer, new Timeline(events, false, place, place), []);
    }

    private static EventRenderer Renderer(SyncScope scope, RoomView room) =>
        new(room, scope.Viewer, includeRoomId: false) { FederationFormat = scope.Filter.FederationFormat, Fields = scope.Filter.EventFields };

    private static async ValueTask<RoomDelta> ReadAsync(
        SyncScope scope, RoomView room, RoomVisibility visibility, MembershipRow row, Timeline timeline, bool full, bool isNew, HistoryOrder upTo,
        CancellationToken cancellationToken,
        bool isFilled = false)
    {
        var summary = row.Membership == Membership.Join && (full || isFilled || timeline.Limited || timeline.Events.Exists(NamesTheRoom))
            ? await RoomSummaryReader.ReadAsync(scope, room, cancellationToken) : null;
        var state = await StateDeltaReader.ReadAsync(scope, room, timeline, full, isNew, upTo, summary?.Heroes ?? [], cancellationToken);
        if (upTo == visibility.DepartedAt)
            await SetOwnMembershipAsync(scope, room, row, timeline, state, cancellationToken);
        var renderer = Renderer(scope, room);
        await renderer.PrepareAsync(timeline.Events, visibility, previous: true, cancellationToken);
        await renderer.PrepareAsync(state, null, previous: false, cancellationToken);
        // "GET /sync when the relevant section has a limited value of true" (C-S API, Aggregations of child events).
        if (timeline.Limited)
            await new Bundles(room, visibility, scope.UserId, scope.User.Settings.Ignored, upTo).AddAsync(renderer, timeline.Events, cancellationToken);
        if (summary is not null && !full && !isFilled && !timeline.Events.Exists(NamesTheRoom) && !state.Exists(NamesTheRoom))
            summary = null;
        return new RoomDelta(room, renderer, timeline, state) { Summary = summary, IsNew = isNew, IsFilled = isFilled };
    }

    /// <summary>In the state of when the user left, its own membership is that of now, unless the timeline tells it.</summary>
    private static async ValueTask SetOwnMembershipAsync(
        SyncScope scope, RoomView room, MembershipRow row, Timeline timeline, List<EventRow> state, CancellationToken cancellationToken)
    {
        var i = state.FindIndex(e => e.Type == EventTypes.Member && e.StateKey == scope.UserId);
        if (i < 0 || (!scope.Request.UseStateAfter && timeline.Events.Exists(e => e.EventId == row.EventId)))
            return;
        if (await room.FindAsync(row.EventId, cancellationToken) is { } own && scope.Filter.State.Allows(own.Type, own.Sender, own.Json.Span))
            state[i] = own;
    }

    private static bool NamesTheRoom(EventRow row) => row.StateKey is not null && row.Type is EventTypes.Member or EventTypes.Name or EventTypes.CanonicalAlias;
}
