using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>Which of the given events lead back from a gap in the history, and where the gap ends then.</summary>
/// <param name="NewestFirst">Each before those that it follows; a claimed depth decides only between events that do not follow each other.</param>
/// <param name="Closed">Events that are not missing any more.</param>
/// <param name="Open">Events that are missing now.</param>
internal sealed record GapWalk(IReadOnlyList<Pdu> NewestFirst, IReadOnlyCollection<string> Closed, IReadOnlyCollection<string> Open)
{
    /// <summary>A gap with more edges is filled from some of them first.</summary>
    public const int MaxEdges = 50;

    public static async ValueTask<GapWalk> RunAsync(ActiveRoom room, long anchor, IReadOnlyDictionary<string, Pdu> given)
    {
        var edges = await room.Services.Storage.Events.BackwardExtremitiesAsync(room.RoomId, anchor, MaxEdges);
        var found = new Dictionary<string, Pdu>(StringComparer.Ordinal);
        var known = new HashSet<string>(StringComparer.Ordinal);
        var open = new HashSet<string>(StringComparer.Ordinal);
        for (IReadOnlyCollection<string> next = edges; next.Count > 0;)
        {
            var stored = await room.Events.GetManyAsync(next);
            var previous = new HashSet<string>(StringComparer.Ordinal);
            foreach (var id in next)
            {
                if (stored.TryGetValue(id, out var row) && !row.Status.HasFlag(EventStatus.Outlier))
                    known.Add(id);
                else if (!given.TryGetValue(id, out var pdu))
                    open.Add(id);
                else if (found.TryAdd(id, pdu))
                    previous.UnionWith(pdu.PrevEvents);
            }

            previous.RemoveWhere(id => found.ContainsKey(id) || known.Contains(id) || open.Contains(id));
            next = previous;
        }

        return new GapWalk(Order(found), [.. edges.Where(id => !open.Contains(id))], [.. open.Except(edges, StringComparer.Ordinal)]);
    }

    // Events that follow each other in a circle (room v1, v2) never come to be free, and are left out.
    private static List<Pdu> Order(Dictionary<string, Pdu> found)
    {
        var followers = found.Keys.ToDictionary(id => id, _ => 0, StringComparer.Ordinal);
        foreach (var id in found.Values.SelectMany(p => p.PrevEvents.Distinct(StringComparer.Ordinal)).Where(followers.ContainsKey))
            followers[id]++;
        var free = new PriorityQueue<Pdu, (long, long, string)>();
        foreach (var pdu in found.Values.Where(p => followers[p.EventId] == 0))
            free.Enqueue(pdu, Rank(pdu));
        var order = new List<Pdu>(found.Count);
        while (free.TryDequeue(out var pdu, out _))
        {
            order.Add(pdu);
            foreach (var id in pdu.PrevEvents.Distinct(StringComparer.Ordinal).Where(followers.ContainsKey))
            {
                if (--followers[id] == 0)
                    free.Enqueue(found[id], Rank(found[id]));
            }
        }

        return order;
    }

    private static (long Depth, long Timestamp, string EventId) Rank(Pdu pdu) => (-pdu.Depth, -pdu.OriginServerTs, pdu.EventId);
}
