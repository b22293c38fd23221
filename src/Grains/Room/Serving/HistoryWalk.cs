using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Serving;

/// <summary>Walks a room's graph back over previous events, deepest first.</summary>
internal static class HistoryWalk
{
    /// <summary>The events from the given ids on back, those included.</summary>
    /// <param name="stop">Event ids at which the walk ends; they are left out.</param>
    /// <param name="minDepth">No event of a smaller depth.</param>
    /// <param name="limit">The most events to give.</param>
    public static async ValueTask<List<EventRow>> RunAsync(ServedRoom served, IEnumerable<string> from, IEnumerable<string> stop, long minDepth, int limit)
    {
        var seen = stop.ToHashSet(StringComparer.Ordinal);
        var found = new List<EventRow>();
        var open = new PriorityQueue<EventRow, long>();
        await AddAsync(from);
        while (found.Count < limit && open.TryDequeue(out var row, out _))
        {
            found.Add(row);
            await AddAsync(served.Room.Parse(row).PrevEvents);
        }

        return found;

        async ValueTask AddAsync(IEnumerable<string> ids)
        {
            // Outliers and rejected events have no place in the history.
            foreach (var row in await served.Room.FindManyAsync([.. ids.Where(seen.Add)]))
            {
                if ((row.Status & (EventStatus.Outlier | EventStatus.Rejected)) == 0 && row.Depth >= minDepth)
                    open.Enqueue(row, -row.Depth);
            }
        }
    }
}
