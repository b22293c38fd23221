using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The newest events of a room in a range.</summary>
/// <param name="Events">Oldest first.</param>
/// <param name="Limited">There may be more in the range, before them.</param>
/// <param name="Start">The cut before the first of them.</param>
/// <param name="Oldest">The oldest place that was looked at.</param>
internal sealed record Timeline(List<EventRow> Events, bool Limited, HistoryOrder Start, HistoryOrder Oldest);

/// <summary>Reads timelines.</summary>
internal static class TimelineReader
{
    /// <summary>Events looked at in one room for one answer, when filters or visibility leave most of them out.</summary>
    private const int MaxScan = 1000;

    /// <summary>Of one timeline, unless its newest event alone is larger.</summary>
    private const int MaxBytes = 1024 * 1024;

    /// <summary>The newest events in (after, upTo] that pass the filter and that the user may see.</summary>
    /// <param name="scope">The sync.</param>
    /// <param name="room">The room.</param>
    /// <param name="visibility">What the user may see.</param>
    /// <param name="after">Exclusive.</param>
    /// <param name="upTo">Inclusive.</param>
    /// <param name="newest">The newest events of the range, newest first, if they have been read; as many as <paramref name="newestLimit"/> unless there are
    /// fewer.</param>
    /// <param name="newestLimit">How many of them were asked for.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async ValueTask<Timeline> ReadAsync(
        SyncScope scope, RoomView room, RoomVisibility visibility, HistoryOrder after, HistoryOrder upTo, IReadOnlyList<EventRow>? newest, int newestLimit,
        CancellationToken cancellationToken)
    {
        var filter = scope.Filter.Timeline;
        if (filter.IsClosed || !filter.AllowsRoom(room.RoomId))
            return new Timeline([], false, upTo, upTo);
        var limit = scope.Limit;
        await scope.Memory.EnterForEventsAsync(limit, cancellationToken);
        var events = new List<EventRow>();
        var cursor = upTo;
        var pageSize = newest is null ? limit + 1 : newestLimit;
        long? gap = null;
        var bytes = 0;
        for (var scanned = 0; scanned < MaxScan; pageSize = 100)
        {
            var page = newest ?? await scope.Services.Storage.Events.RangeAsync(room.RoomId, after, cursor, Direction.Backward, pageSize, cancellationToken);
            newest = null;
            if (scanned == 0 && page.Any(row => MayFollowGap(scope, row)))
                gap = await scope.Services.Storage.Events.FindGapAsync(room.RoomId, after, upTo, Direction.Backward, cancellationToken);
            foreach (var row in page)
            {
                var place = row.Order!.Value;
                // What is missing may be had from other servers: the client pages back from here.
                if (place.Anchor < gap)
                    return Finish(events, true, cursor, cursor);
                // What the user's own membership has come to is for the user to know, a ban after leaving too.
                if (IsWanted(scope, filter, row) &&
                    (row.EventId == visibility.Row?.EventId || await visibility.CanSeeAsync(row, cancellationToken) ||
                    await IsCurrentAsync(scope, room, visibility, row, cancellationToken)))
                {
                    if (events.Count == limit ||
                        (events.Count > 0 && (bytes + row.Json.Length > MaxBytes || !await scope.TryHoldAsync(row.Json.Length, cancellationToken))))
                        return Finish(events, true, events.Count == 0 ? upTo : cursor, place);
                    events.Add(row);
                    bytes += row.Json.Length;
                }

                cursor = HistoryToken.JustBefore(place);
            }

            scanned += page.Count;
            if (page.Count < pageSize)
                return Finish(events, gap is not null, events.Count == 0 ? upTo : HistoryToken.JustBefore(events[^1].Order!.Value), cursor);
        }

        return Finish(events, true, cursor, cursor);
    }

    private static Timeline Finish(List<EventRow> events, bool limited, HistoryOrder start, HistoryOrder oldest)
    {
        events.Reverse();
        return new Timeline(events, limited, start, oldest);
    }

    /// <summary>Who is joined has the room's state, also what was set while it was away and could not see it.</summary>
    private static async ValueTask<bool> IsCurrentAsync(
        SyncScope scope, RoomView room, RoomVisibility visibility, EventRow row, CancellationToken cancellationToken) =>
        visibility.IsJoined && row.StateKey is { } stateKey && row.EventId == await scope.Services.Read.States.GetAsync(
            await room.StateAfterAsync(scope.UpToPlace, cancellationToken), row.Type, stateKey, cancellationToken);

    /// <summary>Events of this server's users follow what is known; but a join by way of another server follows what that one knows.</summary>
    private static bool MayFollowGap(SyncScope scope, EventRow row) =>
        row.Type == EventTypes.Member || !row.Sender.AsSpan(row.Sender.IndexOf(':', StringComparison.Ordinal) + 1)
            .SequenceEqual(scope.UserId.AsSpan(scope.UserId.IndexOf(':', StringComparison.Ordinal) + 1));

    private static bool IsWanted(SyncScope scope, EventFilter filter, EventRow row) =>
        (row.StateKey is not null || !scope.User.Settings.Ignored.Contains(row.Sender)) &&
            (filter.IsOpen || filter.Allows(row.Type, row.Sender, row.Json.Span));
}
