using System.Collections.Immutable;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>
/// What a room remembers of events that it took and cannot judge yet (ADR 0035): who sent them and what they wait for. The events are in storage.
/// </summary>
internal sealed class StagedPdus
{
    /// <summary>Events of one room that wait.</summary>
    public const int MaxOfRoom = 500;

    /// <summary>Events that one server may have waiting in one room.</summary>
    public const int MaxOfOrigin = 250;

    private readonly Dictionary<string, string> _origins = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _waiting = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ready = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> EventIds => _origins.Keys;

    public bool Contains(string eventId) => _origins.ContainsKey(eventId);

    /// <summary>False once as many events wait as may.</summary>
    public bool HasPlace(string origin) => _origins.Count < MaxOfRoom && _counts.GetValueOrDefault(origin) < MaxOfOrigin;

    public void Add(Pdu pdu, string origin)
    {
        if (!_origins.TryAdd(pdu.EventId, origin))
            return;
        _counts[origin] = _counts.GetValueOrDefault(origin) + 1;
        foreach (var id in WaitsFor(pdu))
        {
            if (!_waiting.TryGetValue(id, out var waiting))
                _waiting[id] = waiting = new HashSet<string>(StringComparer.Ordinal);
            waiting.Add(pdu.EventId);
        }
    }

    /// <param name="pdu">The event, from which follows what it waited for.</param>
    public void Remove(Pdu pdu)
    {
        if (!_origins.Remove(pdu.EventId, out var origin))
            return;
        _ready.Remove(pdu.EventId);
        if (--_counts[origin] == 0)
            _counts.Remove(origin);
        foreach (var id in WaitsFor(pdu))
        {
            if (_waiting.TryGetValue(id, out var waiting) && waiting.Remove(pdu.EventId) && waiting.Count == 0)
                _waiting.Remove(id);
        }
    }

    public void Clear()
    {
        _origins.Clear();
        _counts.Clear();
        _waiting.Clear();
        _ready.Clear();
    }

    /// <summary>Notes that an event has come: those that wait for it are to be judged again.</summary>
    public void Arrived(string eventId)
    {
        if (_waiting.TryGetValue(eventId, out var waiting))
            _ready.UnionWith(waiting);
    }

    /// <summary>The events that may be judged now, each given once for each event that came.</summary>
    public ImmutableArray<string> TakeReady()
    {
        if (_ready.Count == 0)
            return [];
        ImmutableArray<string> ready = [.. _ready];
        _ready.Clear();
        return ready;
    }

    // An event that comes by another way, too, is looked at once more, and found to be judged.
    private static IEnumerable<string> WaitsFor(Pdu pdu) => pdu.PrevEvents.Concat(pdu.AuthEvents).Append(pdu.EventId).Distinct(StringComparer.Ordinal);
}
