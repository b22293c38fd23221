using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Importing;

/// <summary>
/// Takes the events of a room's state and auth chain from another server, in any order and however many: each is verified, judged by its auth events and
/// stored as an outlier, a batch at a time. In memory stay ids, and the events whose auth events have not come yet. Runs beside the room's grain: outliers
/// have no place in the room, so that they can be stored by anybody.
/// </summary>
internal sealed class EventImport(RoomServices services, string roomId, RoomVersion version)
{
    private const int BatchSize = 400;
    private const int MaxEvents = 1_000_000;

    // What is no event of the room: more than old rooms have, and nothing that anybody waits for.
    private const int MaxRefused = 10_000;
    private const int MaxNamed = 2048;
    private const long MaxWaitingBytes = 256L * 1024 * 1024;

    private readonly List<(ReadOnlyMemory<byte> Json, bool IsState)> _batch = new(BatchSize);
    private readonly HashSet<string> _claimedState = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StateEntry> _state = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _verdicts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _looked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _waitedFor = new(StringComparer.Ordinal);
    private readonly LruCache<string, KnownEvent> _named = new(MaxNamed, static _ => 1, StringComparer.Ordinal);
    private readonly Dictionary<(Pdu?, Pdu?), PowerLevels> _levels = [];

    // From room v12 on the create event is known by the room's id and not named.
    private readonly string? _impliedCreate = version.RoomIdIsCreateHash ? "$" + roomId[1..] : null;
    private readonly HashSet<string> _servers = new(StringComparer.Ordinal);
    private long _waitingBytes;

    // The next events are read and verified while the last are being written.
    private Task _committed = Task.CompletedTask;
    private int _taken;
    private int _refused;
    private string? _create;

    /// <summary>The state events that were taken in and are allowed by their auth events.</summary>
    public IReadOnlyCollection<StateEntry> State => _state.Values;

    /// <summary>The servers with a joined member in <see cref="State"/>.</summary>
    public IReadOnlyCollection<string> Servers => _servers;

    /// <summary>The room's create event is in the state.</summary>
    public bool HasCreate => _create is not null && _state.ContainsKey(_create);

    /// <summary>Takes an event of the state (<paramref name="isState"/>) or of its auth chain.</summary>
    /// <exception cref="InvalidDataException">There are too many.</exception>
    public async ValueTask AddAsync(ReadOnlyMemory<byte> json, bool isState)
    {
        if (++_taken > MaxEvents || _waitingBytes > MaxWaitingBytes)
            throw new InvalidDataException("The room is too large");
        _batch.Add((json, isState));
        if (_batch.Count == BatchSize)
            await FlushAsync();
    }

    /// <summary>No more events come: those whose auth events never came are dropped.</summary>
    public async ValueTask FinishAsync()
    {
        await FlushAsync();
        await _committed;
        _waiting.Clear();
        _waitedFor.Clear();
        _waitingBytes = 0;
    }

    private async ValueTask FlushAsync()
    {
        var parsed = new IncomingPdu[_batch.Count];
        await VerifyPdus.ForEachAsync(parsed.Length, i => parsed[i] = VerifyPdus.Parse(roomId, version, _batch[i].Json));
        var fresh = new Dictionary<string, IncomingPdu>(StringComparer.Ordinal);
        for (var i = 0; i < parsed.Length; i++)
        {
            if (parsed[i].Pdu is not { } pdu)
            {
                if (++_refused > MaxRefused)
                    throw new InvalidDataException("The room has too much that is no event");
                continue;
            }

            if (_batch[i].IsState && pdu.StateKey is not null)
                ClaimState(pdu);
            if (!_verdicts.ContainsKey(pdu.EventId) && !_waiting.ContainsKey(pdu.EventId))
                fresh.TryAdd(pdu.EventId, parsed[i]);
        }

        _batch.Clear();
        await LookAsync(fresh);
        IncomingPdu[] unknown = [.. fresh.Values.Where(f => !_verdicts.ContainsKey(f.EventId))];
        await VerifyPdus.VerifyAsync(services.Keys, unknown);

        var ready = new List<Pdu>();
        foreach (var pdu in unknown.Select(u => u.Pdu).OfType<Pdu>())
            Place(pdu, ready);
        await JudgeAsync(ready);
    }

    private void ClaimState(Pdu pdu)
    {
        _claimedState.Add(pdu.EventId);
        if (_verdicts.GetValueOrDefault(pdu.EventId))
            AddState(pdu);
    }

    private void AddState(Pdu pdu)
    {
        _state.TryAdd(pdu.EventId, new StateEntry(pdu.Type, pdu.StateKey!, pdu.EventId));
        if (pdu.Membership == Membership.Join && pdu.StateKey == pdu.Sender)
            _servers.Add(pdu.SenderDomain.ToString());
    }

    /// <summary>The create event that the event needs though it does not name it; null if there is none.</summary>
    private string? ImpliedBy(Pdu pdu) => pdu.EventId == _impliedCreate ? null : _impliedCreate;

    /// <summary>Finds out which of the events, and of those that they need, are stored already.</summary>
    private async ValueTask LookAsync(Dictionary<string, IncomingPdu> fresh)
    {
        var ids = new List<string>(fresh.Count);
        foreach (var (eventId, incoming) in fresh)
        {
            Add(eventId);
            foreach (var id in incoming.Pdu!.AuthEvents)
                Add(id);
            if (ImpliedBy(incoming.Pdu) is { } create)
                Add(create);
        }

        if (ids.Count == 0)
            return;
        foreach (var row in await services.Storage.Events.GetManyAsync(ids))
        {
            if (row.RoomId == roomId)
                Decided(Known(row).Pdu, !row.Status.HasFlag(EventStatus.Rejected));
        }

        void Add(string id)
        {
            if (!_verdicts.ContainsKey(id) && !_waiting.ContainsKey(id) && _looked.Add(id))
                ids.Add(id);
        }
    }

    private KnownEvent Known(EventRow row)
    {
        var known = new KnownEvent(Pdu.FromStored(row.Json, version, row.EventId), row.Status, row.StateBefore, row.AuthGeneration);
        _named.Set(known.Pdu.EventId, known);
        return known;
    }

    private void Decided(Pdu pdu, bool isAllowed)
    {
        // A room has one create event.
        if (isAllowed && pdu.Type == EventTypes.Create)
            isAllowed = (_create ??= pdu.EventId) == pdu.EventId;
        _verdicts[pdu.EventId] = isAllowed;
        if (isAllowed && _claimedState.Contains(pdu.EventId))
            AddState(pdu);
    }

    /// <summary>An event can be judged once all that it names is judged; until then it waits.</summary>
    private void Place(Pdu pdu, List<Pdu> ready)
    {
        List<string>? missing = null;
        foreach (var id in pdu.AuthEvents)
            AddMissing(id);
        if (ImpliedBy(pdu) is { } create)
            AddMissing(create);
        if (missing is null)
        {
            ready.Add(pdu);
            return;
        }

        _waiting[pdu.EventId] = new Waiting(pdu, missing.Count);
        _waitingBytes += pdu.Json.Length;
        foreach (var id in missing)
        {
            if (!_waitedFor.TryGetValue(id, out var waiting))
                _waitedFor[id] = waiting = [];
            waiting.Add(pdu.EventId);
        }

        void AddMissing(string id)
        {
            if (!_verdicts.ContainsKey(id) && missing?.Contains(id) != true)
                (missing ??= []).Add(id);
        }
    }

    private async ValueTask JudgeAsync(List<Pdu> ready)
    {
        // What was judged before it waited for something that is stored by now.
        ready.AddRange(Release([.. _waitedFor.Keys.Where(_verdicts.ContainsKey)]));
        while (ready.Count > 0)
        {
            var named = await LoadNamedAsync(ready);
            var verdicts = new bool[ready.Count];
            await Task.Run(() =>
            {
                for (var i = 0; i < verdicts.Length; i++)
                    verdicts[i] = IsAllowed(ready[i], named);
            });
            var unit = new WriteUnit();
            for (var i = 0; i < ready.Count; i++)
            {
                var pdu = ready[i];
                var status = verdicts[i] ? EventStatus.Outlier : EventStatus.Outlier | EventStatus.Rejected;
                var generation = KnownEvent.GenerationOf(pdu, named.GetValueOrDefault);
                services.Storage.Events.AddHistoric(unit, EventRows.Of(roomId, pdu, status, null, generation));
                _named.Set(pdu.EventId, new KnownEvent(pdu, status, null, generation));
                Decided(pdu, verdicts[i]);
            }

            await _committed;
            _committed = services.Storage.CommitAsync(unit);
            ready = Release([.. ready.Select(p => p.EventId)]);
        }
    }

    private List<Pdu> Release(IReadOnlyList<string> decided)
    {
        var released = new List<Pdu>();
        foreach (var id in decided)
        {
            if (!_waitedFor.Remove(id, out var waiting))
                continue;
            foreach (var waiter in waiting)
            {
                var entry = _waiting[waiter];
                if (--entry.Missing > 0)
                    continue;
                _waiting.Remove(waiter);
                _waitingBytes -= entry.Pdu.Json.Length;
                released.Add(entry.Pdu);
            }
        }

        return released;
    }

    private async ValueTask<Dictionary<string, KnownEvent>> LoadNamedAsync(List<Pdu> ready)
    {
        var named = new Dictionary<string, KnownEvent>(StringComparer.Ordinal);
        var missing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pdu in ready)
        {
            foreach (var id in pdu.AuthEvents)
                Find(id);
            if (ImpliedBy(pdu) is { } create)
                Find(create);
        }

        if (missing.Count > 0)
        {
            await _committed;
            foreach (var row in await services.Storage.Events.GetManyAsync(missing))
                named[row.EventId] = Known(row);
        }

        return named;

        void Find(string id)
        {
            if (named.ContainsKey(id))
                return;
            if (_named.TryGet(id, out var known))
                named[id] = known;
            else
                missing.Add(id);
        }
    }

    private bool IsAllowed(Pdu pdu, Dictionary<string, KnownEvent> named)
    {
        if (pdu.Type == EventTypes.Create)
        {
            // The version that the server named must be the one that the room was made with.
            var claimed = pdu.GetContentString("room_version"u8) ?? "1";
            return _create is null && claimed == version.Id && (_impliedCreate is null || pdu.EventId == _impliedCreate) &&
                AuthRules.Check(version, pdu, new AuthState(version)).IsAllowed;
        }

        var events = new List<AuthEvent>(pdu.AuthEvents.Length);
        var state = new List<Pdu>(pdu.AuthEvents.Length + 1);
        foreach (var id in pdu.AuthEvents)
        {
            if (!named.TryGetValue(id, out var known))
                return false;
            events.Add(new AuthEvent(known.Pdu, known.Status.HasFlag(EventStatus.Rejected)));
            state.Add(known.Pdu);
        }

        if (!AuthRules.CheckAuthEvents(version, pdu, events).IsAllowed)
            return false;
        if (_impliedCreate is not null && named.TryGetValue(_impliedCreate, out var create) && !create.Status.HasFlag(EventStatus.Rejected))
            state.Add(create.Pdu);
        return AuthRules.Check(version, pdu, new NamedState(version, state, _levels)).IsAllowed;
    }

    private sealed class Waiting(Pdu pdu, int missing)
    {
        public Pdu Pdu => pdu;

        public int Missing { get; set; } = missing;
    }
}
