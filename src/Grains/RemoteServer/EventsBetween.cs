using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// The events between what is known of a room and a new event. A server gives a few at a time (get_missing_events), so it is asked again from where its
/// answers end, until they meet what is known, or what was before this server was in the room.
/// </summary>
internal sealed class EventsBetween(IStorage storage, LocalServer self, RoomSource source, RoomRow room, RoomVersion version)
{
    private const int MaxRounds = 10;
    private const int MaxLatest = 20;
    private readonly Dictionary<string, Pdu> _given = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ends = new(StringComparer.Ordinal);
    private Dictionary<string, Pdu> _between = [];

    /// <summary>What the server gives, each event behind those that it follows. Nothing is asked if the event follows what is known.</summary>
    public async Task<List<Pdu>> GetAsync(Pdu pdu)
    {
        var latest = await WalkAsync(pdu);
        for (var round = 0; round < MaxRounds && latest.Count > 0; round++)
        {
            var isProgress = false;
            foreach (var json in await source.MissingAsync(room.Extremities.Concat(_given.Keys), latest))
                isProgress |= Pdu.Parse(json, version).TryGet(out var given, out _) && given.RoomId == room.RoomId && given.EventId != pdu.EventId &&
                    _given.TryAdd(given.EventId, given);
            if (!isProgress)
                break;
            latest = await WalkAsync(pdu);
        }

        return Order();
    }

    /// <summary>
    /// Finds what leads back from the event: other events that the server gave are none of its business, and would stand at the end of the history as if
    /// nothing followed them. Answers those with previous events that neither came nor end the walk, the newest first.
    /// </summary>
    private async Task<List<string>> WalkAsync(Pdu pdu)
    {
        _between = new Dictionary<string, Pdu>(StringComparer.Ordinal);
        var edges = new HashSet<Pdu>();
        for (List<Pdu> next = [pdu]; next.Count > 0;)
        {
            await FindEndsAsync([.. next.SelectMany(p => p.PrevEvents).Where(id => !_ends.Contains(id))]);
            var previous = new List<Pdu>();
            foreach (var follower in next)
            {
                foreach (var id in follower.PrevEvents.Where(id => !_ends.Contains(id)))
                {
                    if (!_given.TryGetValue(id, out var given))
                        edges.Add(follower);
                    else if (_between.TryAdd(id, given))
                        previous.Add(given);
                }
            }

            next = previous;
        }

        return [.. edges.OrderByDescending(p => p.Depth).Take(MaxLatest).Select(p => p.EventId)];
    }

    /// <summary>
    /// Notes what ends the walk: events with a known state, and those missing before a join of this server, for the past is not fetched because of news (ADR
    /// 0032).
    /// </summary>
    private async Task FindEndsAsync(IReadOnlyCollection<string> ids)
    {
        foreach (var row in await storage.Events.GetManyAsync(ids))
        {
            if (row.StateBefore is not null && row.RoomId == room.RoomId)
                _ends.Add(row.EventId);
        }

        foreach (var (id, behind) in await storage.Events.BehindGapsAsync(room.RoomId, ids))
        {
            if (behind is { Type: EventTypes.Member, StateKey: { } user } && user == behind.Sender && self.IsLocalUser(user))
                _ends.Add(id);
        }
    }

    // Depths are only what senders claim. Events that follow each other in a circle (room v1, v2) never come to be free, and are left out.
    private List<Pdu> Order()
    {
        var followers = _between.Values.SelectMany(p => p.PrevEvents.Distinct(StringComparer.Ordinal), (p, id) => (Follower: p, Id: id))
            .ToLookup(f => f.Id, f => f.Follower, StringComparer.Ordinal);
        var waitsFor = _between.Values.ToDictionary(
            p => p.EventId, p => p.PrevEvents.Distinct(StringComparer.Ordinal).Count(_between.ContainsKey), StringComparer.Ordinal);
        var ordered = _between.Values.Where(p => waitsFor[p.EventId] == 0).OrderBy(p => p.Depth).ToList();
        for (var i = 0; i < ordered.Count; i++)
            ordered.AddRange(followers[ordered[i].EventId].Where(p => --waitsFor[p.EventId] == 0));
        return ordered;
    }
}
