using OrleansMatrix.Grains.Room.InMemory;

namespace OrleansMatrix.Grains.Room.Importing;

/// <summary>
/// The events of a room that were judged by the state as far as it was known, the join not among them. A client that pages may have filled the history before
/// the join meanwhile: those events have states of their own, whatever the rows of the room say of them.
/// </summary>
internal static class EventsSinceJoin
{
    private const int Chunk = 500;

    /// <summary>The ids, each behind those of the events that it follows, whenever they came.</summary>
    public static async ValueTask<List<string>> ListAsync(ActiveRoom room, PartialState partial)
    {
        var noted = new Dictionary<string, Noted>(StringComparer.Ordinal);
        foreach (var some in partial.Events.Where(id => id != partial.JoinEventId).Chunk(Chunk))
        {
            var known = await room.Events.GetManyAsync(some);
            foreach (var id in some.Where(known.ContainsKey))
                noted.TryAdd(id, new Noted(noted.Count, [.. known[id].Pdu.PrevEvents.Distinct(StringComparer.Ordinal)], known[id].IsHistoric));
        }

        var since = new HashSet<string>(StringComparer.Ordinal) { partial.JoinEventId };
        var list = Order(noted);
        list.RemoveAll(id => noted[id] is { IsHistoric: true } old && !old.PrevEvents.Any(since.Contains) || !since.Add(id));
        return list;
    }

    // Events that follow each other in a circle (room v1, v2) come last, as they came.
    private static List<string> Order(Dictionary<string, Noted> noted)
    {
        var open = noted.ToDictionary(n => n.Key, n => n.Value.PrevEvents.Count(noted.ContainsKey), StringComparer.Ordinal);
        var followers = noted.SelectMany(n => n.Value.PrevEvents.Where(noted.ContainsKey).Select(prev => (prev, n.Key))).ToLookup(f => f.prev, f => f.Key);
        var free = new PriorityQueue<string, int>(open.Where(o => o.Value == 0).Select(o => (o.Key, noted[o.Key].Index)));
        var order = new List<string>(noted.Count);
        while (free.TryDequeue(out var id, out _))
        {
            order.Add(id);
            open.Remove(id);
            foreach (var follower in followers[id])
            {
                if (--open[follower] == 0)
                    free.Enqueue(follower, noted[follower].Index);
            }
        }

        order.AddRange(open.Keys.OrderBy(id => noted[id].Index));
        return order;
    }

    private sealed record Noted(int Index, IReadOnlyList<string> PrevEvents, bool IsHistoric);
}
