using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>
/// Counts a user's unread notifications, room by room, from where it counted last. Nothing of it is stored: it follows from receipts, events and push
/// rules.
/// </summary>
internal sealed class UserUnread(UserServices services, UserSettings settings, string userId)
{
    /// <summary>Events looked at in a room that is counted for the first time; older ones do not count.</summary>
    private const int MaxFirstScan = 300;
    private const int PageSize = 100;
    private readonly Dictionary<string, RoomUnread> _rooms = new(StringComparer.Ordinal);
    private ILookup<string, ReceiptRow>? _firstReceipts;

    private IStorage Storage => services.Storage;

    /// <summary>The user's receipts in a room changed.</summary>
    public async ValueTask ReadReceiptsAsync(string roomId, CancellationToken cancellationToken)
    {
        if (_rooms.TryGetValue(roomId, out var room))
            room.Read(await Storage.Receipts.OfUserAsync(userId, roomId, cancellationToken));
        else
            _firstReceipts = null;
    }

    /// <summary>What is counted of a room; null: nothing yet.</summary>
    public RoomUnread? Find(string roomId) => _rooms.GetValueOrDefault(roomId);

    /// <summary>Counts a joined room up to a position.</summary>
    /// <param name="member">The user's membership there.</param>
    /// <param name="upTo">The position.</param>
    /// <param name="newest">All events in (<paramref name="newestAfter"/>, upTo], if they have been read.</param>
    /// <param name="newestAfter">See <paramref name="newest"/>.</param>
    /// <param name="cancellationToken">Ends the counting.</param>
    public async ValueTask<RoomUnread> CountAsync(
        MembershipRow member, long upTo, IReadOnlyList<EventRow>? newest, long newestAfter, CancellationToken cancellationToken)
    {
        if (!_rooms.TryGetValue(member.RoomId, out var unread))
        {
            unread = new RoomUnread();
            _firstReceipts ??= (await Storage.Receipts.OfUserAsync(userId, null, cancellationToken)).ToLookup(r => r.RoomId, StringComparer.Ordinal);
            unread.Read(_firstReceipts[member.RoomId]);
            _rooms[member.RoomId] = unread;
        }

        if (unread.CountedTo >= upTo || await RoomView.OpenAsync(services.Read, member.RoomId, cancellationToken) is not { } room)
            return unread;
        IReadOnlyList<EventRow> events;
        if (unread.CountedTo is not { } countedTo)
            events = await FirstEventsAsync(room, unread, upTo, cancellationToken);
        else if (newest is not null && newestAfter <= countedTo)
            events = [.. newest.Where(e => e.Position > countedTo).OrderBy(e => e.Position)];
        else
            events = await NextEventsAsync(room, countedTo, upTo, cancellationToken);

        // Another sync may have counted in the meantime.
        if (events.Count > 0)
            await JudgeAsync(room, member, unread, events, cancellationToken);
        unread.CountedTo = Math.Max(unread.CountedTo ?? 0, upTo);
        return unread;
    }

    /// <summary>Forgets the counts of rooms that the user is not in any more.</summary>
    public void Trim(IReadOnlySet<string> joined)
    {
        foreach (var roomId in _rooms.Keys.Where(id => !joined.Contains(id)).ToList())
            _rooms.Remove(roomId);
    }

    private async ValueTask JudgeAsync(
        RoomView room, MembershipRow member, RoomUnread unread, IReadOnlyList<EventRow> events, CancellationToken cancellationToken)
    {
        var judge = new PushJudge(room, settings.PushRules, member, unread.Facts);
        if (events.Any(e => e.Type == EventTypes.Member))
            unread.Facts.JoinedMembers = null;
        foreach (var row in events)
        {
            if (unread.CountedTo >= row.Position)
                continue;
            if (row.Sender == userId)
                unread.Sent((await EventThread.OfAsync(room, row, cancellationToken)).Thread, row.Order!.Value);
            else if (!(row.StateKey is null && settings.Ignored.Contains(row.Sender)) && await judge.JudgeAsync(row, cancellationToken) is { } notified)
                unread.Add(notified.Event);
        }
    }

    /// <summary>The newest events that the user has not read, oldest first; none from before it joined.</summary>
    private async ValueTask<IReadOnlyList<EventRow>> FirstEventsAsync(
        RoomView room, RoomUnread unread, long upTo, CancellationToken cancellationToken)
    {
        var page = await Storage.Events.RangeAsync(
            room.RoomId, unread.ReadUpTo, new HistoryOrder(upTo, 0), Direction.Backward, MaxFirstScan, cancellationToken);
        var events = new List<EventRow>(page.Count);
        foreach (var row in page)
        {
            if (row.Position == 0)
                continue;
            events.Add(row);
            if (row is { Type: EventTypes.Member } && row.StateKey == userId && row.StateBefore is { } state &&
                await room.MembershipAsync(state, userId, cancellationToken) != Membership.Join)
                break;
        }

        events.Reverse();
        return events;
    }

    private async ValueTask<IReadOnlyList<EventRow>> NextEventsAsync(RoomView room, long after, long upTo, CancellationToken cancellationToken)
    {
        var events = new List<EventRow>();
        for (var from = new HistoryOrder(after, 0); events.Count < MaxFirstScan;)
        {
            var page = await Storage.Events.RangeAsync(room.RoomId, from, new HistoryOrder(upTo, 0), Direction.Forward, PageSize, cancellationToken);
            events.AddRange(page.Where(r => r.Position > 0));
            if (page.Count < PageSize)
                break;
            from = page[^1].Order!.Value;
        }

        return events;
    }
}
