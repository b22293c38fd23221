using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>A user's unread notifications in one room, counted up to a position. Bounded: of very many the oldest are forgotten.</summary>
internal sealed class RoomUnread
{
    private const int MaxEvents = 1000;
    private readonly List<UnreadEvent> _events = [];
    private readonly Dictionary<string, HistoryOrder> _readInThread = new(StringComparer.Ordinal);

    public PushFacts Facts { get; } = new();

    /// <summary>Events up to here are counted; null: none.</summary>
    public long? CountedTo { get; set; }

    /// <summary>The unthreaded receipt that is furthest ahead.</summary>
    public HistoryOrder ReadUpTo { get; private set; }

    /// <summary>Unread notifications, oldest first.</summary>
    public IReadOnlyList<UnreadEvent> Events => _events;

    /// <summary>How many of them are highlights.</summary>
    public int Highlights { get; private set; }

    /// <summary>Takes the user's receipts; what they cover is read.</summary>
    public void Read(IEnumerable<ReceiptRow> receipts)
    {
        foreach (var receipt in receipts)
        {
            if (receipt.Type is not (EphemeralEvents.Read or EphemeralEvents.ReadPrivate))
                continue;
            if (receipt.ThreadId.Length > 0)
                ReadThread(receipt.ThreadId, receipt.Order);
            else if (receipt.Order > ReadUpTo)
                ReadUpTo = receipt.Order;
        }

        RemoveRead();
    }

    /// <summary>The user sent an event: "notifications prior to and including that event MUST be marked as read", of that event's thread.</summary>
    public void Sent(string thread, HistoryOrder order)
    {
        ReadThread(thread, order);
        RemoveRead();
    }

    public void Add(UnreadEvent unread)
    {
        // Two syncs may count the same events at the same time, each in order.
        if (Covers(unread) || (_events.Count > 0 && unread.Order <= _events[^1].Order))
            return;
        if (_events.Count >= MaxEvents)
        {
            Highlights -= _events[0].Highlight ? 1 : 0;
            _events.RemoveAt(0);
        }

        _events.Add(unread);
        Highlights += unread.Highlight ? 1 : 0;
    }

    private void RemoveRead()
    {
        if (_events.RemoveAll(Covers) > 0)
            Highlights = _events.Count(static e => e.Highlight);
    }

    private void ReadThread(string thread, HistoryOrder order)
    {
        if (!_readInThread.TryGetValue(thread, out var before) || before < order)
            _readInThread[thread] = order;
    }

    /// <summary>Whether a receipt covers the event.</summary>
    public bool Covers(UnreadEvent unread) =>
        unread.Order <= ReadUpTo || (_readInThread.TryGetValue(unread.Thread, out var read) && unread.Order <= read);
}
