using System.Collections.Frozen;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.User;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>One request's reading of one room: the room, the reader, and what the reader may see.</summary>
internal sealed class RoomReader
{
    /// <summary>A page ends before the event that makes it larger, or for which there is no memory, unless that is its first.</summary>
    private const int MaxPageBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of a state event as it comes from storage, with what belongs to it.</summary>
    private const int TypicalEvent = 1024;

    private RoomReader(RoomView room, Requester viewer, RoomVisibility visibility, LargeAnswer? memory) =>
        (Room, Viewer, Visibility, Memory) = (room, viewer, visibility, memory);

    public RoomView Room { get; }
    public Requester Viewer { get; }
    public RoomVisibility Visibility { get; }
    public IStorage Storage => Room.Services.Storage;

    /// <summary>Counts the bytes of pages and states; null: nobody does.</summary>
    public LargeAnswer? Memory { get; }

    /// <summary>
    /// For who is or was joined, and, if <paramref name="peek"/>, for everybody if the room is world-readable; else M_FORBIDDEN, also if there is no such room.
    /// </summary>
    public static async ValueTask<Outcome<RoomReader>> OpenAsync(
        ReadServices services, string roomId, Requester viewer, bool peek = true, LargeAnswer? memory = null)
    {
        var reader = await FindAsync(services, roomId, viewer, memory);
        if (reader is not null &&
            (reader.Visibility.IsMember || (peek && reader.Visibility.Row?.Membership != Membership.Ban && await reader.Visibility.IsWorldReadableAsync())))
            return reader;
        return MatrixError.Forbidden(reader?.Visibility.Row?.Membership == Membership.Leave ? "You are not in this room any more" : "You are not in this room");
    }

    /// <summary>Without a check whether anything may be seen; null if there is no such room.</summary>
    public static async ValueTask<RoomReader?> FindAsync(ReadServices services, string roomId, Requester viewer, LargeAnswer? memory = null) =>
        await RoomView.OpenAsync(services, roomId) is { } room
            ? new RoomReader(room, viewer, await RoomVisibility.OpenAsync(room, viewer.UserId), memory) : null;

    /// <summary>Whether there is memory for a state of so many events.</summary>
    public async ValueTask<bool> TryHoldAsync(int events) =>
        Memory is null || await Memory.TryGrowAsync((long)events * TypicalEvent, CancellationToken.None);

    public EventRenderer Renderer() => new(Room, Viewer, includeRoomId: true);

    public async ValueTask<FrozenSet<string>> IgnoredAsync() => await UserSettings.ReadIgnoredAsync(Storage, Viewer.UserId);

    /// <summary>Adds the bundled aggregations to prepared events.</summary>
    public async ValueTask AddBundlesAsync(EventRenderer renderer, IReadOnlyCollection<EventRow> rows) =>
        await new Bundles(Room, Visibility, Viewer.UserId, await IgnoredAsync(), HistoryOrder.End).AddAsync(renderer, rows);

    /// <summary>An event of the room's history that the reader may see, or null.</summary>
    public async ValueTask<EventRow?> FindVisibleAsync(string eventId)
    {
        if (await Room.FindAsync(eventId) is not { } row || (row.Status & (EventStatus.Rejected | EventStatus.SoftFailed)) != 0)
            return null;
        // State from before this server joined has no place in the history it knows.
        if (row.Order is null)
            return Visibility.IsMember && row.StateKey is not null ? row : null;
        return await Visibility.CanSeeAsync(row) ? row : null;
    }

    /// <summary>Pages through the history from one cut to another; what may not be seen, or does not pass, is passed over.</summary>
    /// <param name="after">Exclusive, the older cut.</param>
    /// <param name="upTo">Inclusive, the newer cut.</param>
    /// <param name="direction">Backward begins at <paramref name="upTo"/>.</param>
    /// <param name="limit">The most events to give.</param>
    /// <param name="filter">What passes.</param>
    public async ValueTask<HistoryPage> PageAsync(HistoryOrder after, HistoryOrder upTo, Direction direction, int limit, EventFilter filter)
    {
        const int MaxScan = 2000, RowsAtOnce = 100;
        var rows = new List<EventRow>();
        var bytes = 0;
        if (Memory is not null)
            await Memory.EnterForEventsAsync(limit, CancellationToken.None);
        var ignored = await IgnoredAsync();
        var cursor = direction == Direction.Backward ? upTo : after;
        for (var scanned = 0; scanned < MaxScan && !filter.IsClosed;)
        {
            var size = scanned == 0 ? Math.Min(limit + 1, RowsAtOnce) : RowsAtOnce;
            var page = direction == Direction.Backward
                ? await Storage.Events.RangeAsync(Room.RoomId, after, cursor, direction, size)
                : await Storage.Events.RangeAsync(Room.RoomId, cursor, upTo, direction, size);
            foreach (var row in page)
            {
                if (rows.Count == limit)
                    return new HistoryPage(rows, cursor, More: true);
                if ((row.StateKey is not null || !ignored.Contains(row.Sender)) && filter.Allows(row.Type, row.Sender, row.Json.Span) &&
                    await Visibility.CanSeeAsync(row))
                {
                    if (rows.Count > 0 && (bytes + row.Json.Length > MaxPageBytes ||
                        (Memory is not null && !await Memory.TryGrowAsync(row.Json.Length, CancellationToken.None))))
                        return new HistoryPage(rows, cursor, More: true);
                    rows.Add(row);
                    bytes += row.Json.Length;
                }

                cursor = direction == Direction.Backward ? HistoryToken.JustBefore(row.Order!.Value) : row.Order!.Value;
            }

            if (page.Count < size)
                return new HistoryPage(rows, cursor, More: false);
            scanned += page.Count;
        }

        return new HistoryPage(rows, cursor, More: !filter.IsClosed);
    }

    /// <summary>The member events of users in a state (lazy loading).</summary>
    public async ValueTask<List<EventRow>> MembersAsync(StateNodeId state, IEnumerable<string> userIds)
    {
        var ids = new List<string>();
        foreach (var userId in userIds.Distinct(StringComparer.Ordinal))
        {
            if (await Room.Services.States.GetAsync(state, EventTypes.Member, userId) is { } id)
                ids.Add(id);
        }

        return await Room.FindManyAsync(ids);
    }
}

/// <summary>Events in the order of the paging.</summary>
/// <param name="Cursor">The cut behind the last event looked at.</param>
/// <param name="More">Going on from there may give more.</param>
internal sealed record HistoryPage(List<EventRow> Rows, HistoryOrder Cursor, bool More);
