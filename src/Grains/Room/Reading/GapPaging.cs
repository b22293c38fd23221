using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>Pages through a room's history, and has other servers asked for what is missing where the paging comes to a gap.</summary>
/// <param name="fill">Fetches events for the gap before the live event at a position.</param>
internal sealed class GapPaging(RoomReader reader, Func<long, Task<GapFill>> fill)
{
    /// <summary>How often other servers are asked for one page.</summary>
    private const int MaxFills = 3;

    /// <inheritdoc cref="RoomReader.PageAsync"/>
    public async ValueTask<HistoryPage> PageAsync(HistoryOrder after, HistoryOrder upTo, Direction direction, int limit, EventFilter filter)
    {
        var backward = direction == Direction.Backward;
        var rows = new List<EventRow>();
        var (low, high) = (after, upTo);
        // Gaps are looked for from here on: those that nobody could fill are left behind.
        var from = after;
        HistoryOrder? edge = null;
        for (var fills = 0; ;)
        {
            var gap = filter.IsClosed ? null : await reader.Storage.Events.FindGapAsync(reader.Room.RoomId, backward ? after : from, high, direction);
            var (first, last) = (backward && gap is { } newest ? Below(newest) : low, !backward && gap is { } oldest ? Below(oldest) : high);
            var page = await reader.PageAsync(first, last, direction, limit - rows.Count, filter);
            rows.AddRange(page.Rows);
            if (page.More || (gap is not null && rows.Count == limit))
                return new HistoryPage(rows, page.Cursor, More: true);
            if (gap is not { } anchor)
                // A client that finds nothing behind a gap can come back to it.
                return backward && edge is { } left && page.Rows.Count == 0 ? new HistoryPage(rows, left, More: true) : page with { Rows = rows };
            (low, high) = backward ? (low, page.Cursor) : (page.Cursor, high);
            reader.Memory?.Leave();
            var filled = fills++ < MaxFills ? await fill(anchor) : GapFill.Pending;
            if (filled == GapFill.Pending)
                return new HistoryPage(rows, page.Cursor, More: true);
            if (filled == GapFill.Progress)
                continue;
            edge = page.Cursor;
            (high, from) = backward ? (Below(anchor), from) : (high, new HistoryOrder(anchor, 0));
        }
    }

    /// <summary>The last place before a gap; all events of the gap's anchor are behind it.</summary>
    private static HistoryOrder Below(long anchor) => new(anchor - 1, 0);
}
