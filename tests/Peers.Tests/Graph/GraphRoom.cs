using System.Collections.Immutable;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Peers.Tests.Graph;

/// <summary>
/// A room as a <see cref="PeerServer"/> has it: all events that it knows, and for those whose place in the room is known the state after them. Used under the
/// server's lock.
/// </summary>
internal sealed class GraphRoom(string roomId, RoomVersion version)
{
    private readonly Dictionary<string, Pdu> _pdus = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableDictionary<StateKey, string>> _before = new(StringComparer.Ordinal);
    private readonly HashSet<string> _rejected = new(StringComparer.Ordinal);
    private readonly HashSet<string> _softFailed = new(StringComparer.Ordinal);
    private readonly List<string> _timeline = [];

    public string RoomId { get; } = roomId;

    public RoomVersion Version { get; } = version;

    public HashSet<string> Extremities { get; private set; } = new(StringComparer.Ordinal);

    public ImmutableDictionary<StateKey, string> Current { get; private set; } = ImmutableDictionary<StateKey, string>.Empty;

    /// <summary>What users of the server see, in the order in which it came.</summary>
    public IReadOnlyList<string> Timeline => _timeline;

    /// <summary>Redactions of users of other servers are not applied.</summary>
    public bool IgnoresRedactionsOfOthers { get; init; }

    public Pdu? Find(string eventId) => _pdus.GetValueOrDefault(eventId);

    /// <summary>The state before the event is known.</summary>
    public bool HasPlace(string eventId) => _before.ContainsKey(eventId);

    public bool IsRejected(string eventId) => _rejected.Contains(eventId);

    public bool IsSoftFailed(string eventId) => _softFailed.Contains(eventId);

    /// <summary>The event that is in that place of the current state.</summary>
    public Pdu? CurrentOf(string type, string key) => Current.TryGetValue(new StateKey(type, key), out var id) ? Find(id) : null;

    public string MembershipOf(string userId) => CurrentOf(EventTypes.Member, userId)?.Membership ?? Membership.Leave;

    /// <summary>The servers with a member now.</summary>
    public HashSet<string> Servers() => ServersIn(Current);

    /// <summary>The state after an event.</summary>
    public ImmutableDictionary<StateKey, string> After(string eventId)
    {
        var (before, pdu) = (_before[eventId], _pdus[eventId]);
        return pdu.StateKey is null || IsRejected(eventId) ? before : before.SetItem(new StateKey(pdu.Type, pdu.StateKey), eventId);
    }

    /// <summary>The state before an event that is known.</summary>
    public ImmutableDictionary<StateKey, string> Before(string eventId) => _before[eventId];

    /// <summary>Takes an event of which only its auth events count.</summary>
    public void AddOutlier(Pdu pdu) => _pdus.TryAdd(pdu.EventId, pdu);

    /// <summary>
    /// Judges an event whose previous events have a place, or whose state before is given, and whose auth events are known (S-S API, Checks performed on
    /// receipt of a PDU). True if it is to be shown.
    /// </summary>
    public bool Take(Pdu pdu, ImmutableDictionary<StateKey, string>? given = null)
    {
        if (HasPlace(pdu.EventId))
            return false;
        AddOutlier(pdu);
        var before = given ?? Resolution.Of(this, [.. pdu.PrevEvents.Select(After)]);
        _before[pdu.EventId] = before;
        if (!IsAllowedByAuthEvents(pdu) || !IsAllowed(pdu, before))
        {
            _rejected.Add(pdu.EventId);
            return false;
        }

        if (Extremities.Count > 0 && !IsAllowed(pdu, Current))
        {
            _softFailed.Add(pdu.EventId);
            return false;
        }

        Extremities.ExceptWith(pdu.PrevEvents);
        if (!IsBeforeExtremities(pdu.EventId))
            Extremities.Add(pdu.EventId);
        Current = Resolution.Of(this, [.. Extremities.Select(After)]);
        _timeline.Add(pdu.EventId);
        if (pdu.Type == EventTypes.Redaction)
            Redact(pdu, before);
        return true;
    }

    /// <summary>The server came in with this event; what it knew of the room before is past.</summary>
    public void Restart(Pdu join, ImmutableDictionary<StateKey, string> before)
    {
        Extremities.Clear();
        Current = before;
        Take(join, before);
    }

    /// <summary>The auth chains of events, without them.</summary>
    public List<Pdu> AuthChain(IEnumerable<string> of)
    {
        var chain = new Dictionary<string, Pdu>(StringComparer.Ordinal);
        var open = new Stack<string>(of.Select(Find).OfType<Pdu>().SelectMany(static p => p.AuthEvents));
        while (open.TryPop(out var id))
        {
            if (Find(id) is not { } pdu || !chain.TryAdd(id, pdu))
                continue;
            foreach (var next in pdu.AuthEvents)
                open.Push(next);
        }

        return [.. chain.Values];
    }

    /// <summary>The rules hold in a state.</summary>
    public bool IsAllowed(Pdu pdu, ImmutableDictionary<StateKey, string> state) =>
        AuthRules.Check(Version, pdu, new AuthState(Version, InvolvedIn(pdu, state))).IsAllowed;

    private bool IsAllowedByAuthEvents(Pdu pdu)
    {
        var named = pdu.AuthEvents.Select(id => new AuthEvent(_pdus[id], IsRejected(id))).ToList();
        if (pdu.Type != EventTypes.Create && !AuthRules.CheckAuthEvents(Version, pdu, named).IsAllowed)
            return false;
        var events = named.Select(static e => e.Pdu);
        return AuthRules.Check(Version, pdu, new AuthState(Version, Version.CreateInAuthEvents ? events : events.Concat(CreateEvents()))).IsAllowed;
    }

    private IEnumerable<Pdu> CreateEvents() => _pdus.Values.Where(static p => p.Type == EventTypes.Create);

    private IEnumerable<Pdu> InvolvedIn(Pdu pdu, ImmutableDictionary<StateKey, string> state) => AuthTypes.For(Version, pdu)
        .Append(new StateKey(EventTypes.Create, "")).Distinct().Select(key => state.GetValueOrDefault(key)).OfType<string>().Select(id => _pdus[id]);

    /// <summary>An event that came late may have been followed already.</summary>
    private bool IsBeforeExtremities(string eventId)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(Extremities);
        while (open.TryPop(out var id))
        {
            if (id == eventId)
                return true;
            if (!seen.Add(id) || Find(id) is not { } pdu)
                continue;
            foreach (var prev in pdu.PrevEvents)
                open.Push(prev);
        }

        return false;
    }

    private void Redact(Pdu redaction, ImmutableDictionary<StateKey, string> before)
    {
        if (redaction.Redacts is not { } id || Find(id) is not { } target ||
            (IgnoresRedactionsOfOthers && !redaction.SenderDomain.SequenceEqual(target.SenderDomain)))
            return;
        var levels = new AuthState(Version, InvolvedIn(redaction, before)).PowerLevels;
        if (Redactions.Apply(Version, redaction, target, levels))
            _pdus[id] = Redaction.Redact(target);
    }

    private HashSet<string> ServersIn(ImmutableDictionary<StateKey, string> state) =>
        [.. state.Where(e => e.Key.Type == EventTypes.Member && Find(e.Value)?.Membership == Membership.Join)
            .Select(static e => e.Key.Key[(e.Key.Key.IndexOf(':', StringComparison.Ordinal) + 1)..])];
}
