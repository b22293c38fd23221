using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.InMemory;

/// <summary>
/// Reads a room's events, those of commits on their way included. Users and servers may name any event; one of another room is not among them: it has another
/// format, and the state before it is that of its room.
/// </summary>
internal sealed class RoomEvents(IEventStore store, string roomId, RoomVersion version)
{
    private const int MaxCached = 64;
    private readonly LruCache<string, KnownEvent> _cache = new(MaxCached, static _ => 1, StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _awaited = new(StringComparer.Ordinal);
    private readonly HashSet<string> _missing = new(StringComparer.Ordinal);

    // Events whose commit is not known to be durable are not in storage yet, and so may not be dropped.
    private readonly Dictionary<string, KnownEvent> _pending = new(StringComparer.Ordinal);

    public async ValueTask<KnownEvent?> GetAsync(string eventId) =>
        Find(eventId) ?? (await store.GetAsync(eventId) is { } row && row.RoomId == roomId ? Remember(row) : null);

    /// <summary>Those that are known; of unknown ids there is no entry.</summary>
    public async ValueTask<Dictionary<string, KnownEvent>> GetManyAsync(IEnumerable<string> eventIds)
    {
        var found = new Dictionary<string, KnownEvent>(StringComparer.Ordinal);
        List<string>? missing = null;
        foreach (var id in eventIds)
        {
            if (Find(id) is { } known)
                found[id] = known;
            else
                (missing ??= []).Add(id);
        }

        if (missing is not null)
        {
            foreach (var row in await store.GetManyAsync(missing))
            {
                if (row.RoomId == roomId)
                    found[row.EventId] = Remember(row);
            }
        }

        return found;
    }

    /// <summary>Whether the event is stored, but as one of another room.</summary>
    public async ValueTask<bool> IsOfAnotherRoomAsync(string eventId) => await store.GetAsync(eventId) is { } row && row.RoomId != roomId;

    /// <summary>The event if the commit that stores it is on its way.</summary>
    public KnownEvent? FindPending(string eventId) => _pending.GetValueOrDefault(eventId);

    /// <summary>Notes an event that a unit on its way will store.</summary>
    public void AddPending(KnownEvent known)
    {
        _pending[known.Pdu.EventId] = known;
        _cache.Set(known.Pdu.EventId, known);
    }

    /// <summary>The event's commit is durable.</summary>
    public void Committed(KnownEvent known)
    {
        if (_pending.TryGetValue(known.Pdu.EventId, out var pending) && ReferenceEquals(pending, known))
            _pending.Remove(known.Pdu.EventId);
    }

    /// <summary>
    /// The generation of a state event whose auth events were read lately, as its checks do; null of other events, and where it cannot be told.
    /// </summary>
    public int? GenerationOf(Pdu pdu) => pdu.IsState ? KnownEvent.GenerationOf(pdu, Find) : null;

    /// <summary>Remembers a redaction of an event that is not known, whose commit is on its way.</summary>
    public void AddAwaited(string targetId, string redactionId)
    {
        // By the time that there are so many, the first of them are durable.
        const int MaxAwaited = 4096;
        if (_awaited.Count >= MaxAwaited)
            _awaited.Clear();
        if (!_awaited.TryGetValue(targetId, out var redactions))
            _awaited[targetId] = redactions = [];
        redactions.Add(redactionId);
    }

    /// <summary>Redactions of an event that came before it lately.</summary>
    public IReadOnlyList<string> AwaitedBy(string targetId) => _awaited.GetValueOrDefault(targetId) ?? (IReadOnlyList<string>)[];

    /// <summary>Remembers events that are missing in a gap whose commit is on its way.</summary>
    public void AddMissing(IEnumerable<string> eventIds)
    {
        // By the time that there are so many, the first of them are durable.
        const int MaxMissing = 4096;
        if (_missing.Count >= MaxMissing)
            _missing.Clear();
        _missing.UnionWith(eventIds);
    }

    /// <summary>True of an event that was remembered by <see cref="AddMissing"/> lately.</summary>
    public bool IsMissing(string eventId) => _missing.Contains(eventId);

    /// <summary>The events of commits on their way.</summary>
    public IEnumerable<Pdu> Pending => _pending.Values.Select(known => known.Pdu);

    private KnownEvent? Find(string eventId) => _pending.GetValueOrDefault(eventId) ?? (_cache.TryGet(eventId, out var known) ? known : null);

    private KnownEvent Remember(EventRow row)
    {
        var known = new KnownEvent(Pdu.FromStored(row.Json, version, row.EventId), row.Status, row.StateBefore, row.AuthGeneration, row.RedactedBy is not null,
            row.Order is { Minor: not 0 });
        _cache.Set(known.Pdu.EventId, known);
        return known;
    }
}
