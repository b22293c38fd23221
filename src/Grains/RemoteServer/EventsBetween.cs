using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// The events between what is known of a room and a new event. A server gives a few at a time (get_missing_events), so it is asked again from where its
/// answers end, until they meet what is known.
/// </summary>
internal sealed class EventsBetween(IStorage storage, RoomSource source, RoomRow room, RoomVersion version)
{
    private const int MaxRounds = 10;
    private const int MaxLatest = 20;
    private readonly Dictionary<string, Pdu> _found = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>What the server gives, each event behind those that it follows.</summary>
    public async Task<List<Pdu>> GetAsync(JudgedPdu judged)
    {
        List<string> latest = [judged.EventId];
        for (var round = 0; round < MaxRounds && latest.Count > 0; round++)
        {
            var isProgress = false;
            foreach (var json in await source.MissingAsync(room.Extremities.Concat(_found.Keys), latest))
                isProgress |= Pdu.Parse(json, version).TryGet(out var pdu, out _) && pdu.RoomId == room.RoomId && pdu.EventId != judged.EventId && _found.TryAdd(pdu.EventId, pdu);
            if (!isProgress)
                break;
            // An answer may end before all that the event itself follows.
            latest = await EdgesAsync();
            if (judged.Missing.Any(id => !_found.ContainsKey(id)))
                latest.Add(judged.EventId);
        }

        return Order();
    }

    /// <summary>Events with previous events that neither came nor are known, the newest first.</summary>
    private async Task<List<string>> EdgesAsync()
    {
        var open = _found.Values.SelectMany(p => p.PrevEvents).Where(id => !_found.ContainsKey(id) && !_known.Contains(id)).ToHashSet(StringComparer.Ordinal);
        foreach (var row in await storage.Events.GetManyAsync(open))
        {
            if (row.StateBefore is not null)
                _known.Add(row.EventId);
        }

        open.ExceptWith(_known);
        return [.. _found.Values.Where(p => p.PrevEvents.Any(open.Contains)).OrderByDescending(p => p.Depth).Take(MaxLatest).Select(p => p.EventId)];
    }

    // Depths are only what senders claim. Events that follow each other in a circle (room v1, v2) never come to be free, and are left out.
    private List<Pdu> Order()
    {
        var followers = _found.Values.SelectMany(p => p.PrevEvents.Distinct(StringComparer.Ordinal), (p, id) => (Follower: p, Id: id)).ToLookup(f => f.Id, f => f.Follower, StringComparer.Ordinal);
        var waitsFor = _found.Values.ToDictionary(p => p.EventId, p => p.PrevEvents.Distinct(StringComparer.Ordinal).Count(_found.ContainsKey), StringComparer.Ordinal);
        var ordered = _found.Values.Where(p => waitsFor[p.EventId] == 0).OrderBy(p => p.Depth).ToList();
        for (var i = 0; i < ordered.Count; i++)
            ordered.AddRange(followers[ordered[i].EventId].Where(p => --waitsFor[p.EventId] == 0));
        return ordered;
    }
}
