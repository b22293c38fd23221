using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.InMemory;

/// <summary>
/// One state of a room, as the authorization rules read it. What a rule may ask for is loaded before, by <see cref="LoadAsync"/>, and then kept: in the
/// view of the current state power levels are parsed once per power-levels event, and members that send often are at hand.
/// </summary>
internal sealed class StateView(RoomVersion version, StateMap map, RoomEvents events, StateNodeId root) : IAuthState
{
    private const int MaxKept = 256;
    private readonly Dictionary<StateKey, Pdu?> _loaded = [];
    private PowerLevels? _powerLevels;

    public StateNodeId Root { get; private set; } = root;

    public PowerLevels PowerLevels => _powerLevels ??= PowerLevels.Of(version, Get(EventTypes.Create, ""), Get(EventTypes.PowerLevels, ""));

    /// <summary>The state event of a pair that was loaded.</summary>
    /// <exception cref="InvalidOperationException">It was not loaded.</exception>
    public Pdu? Get(string type, string stateKey) => _loaded.TryGetValue(new StateKey(type, stateKey), out var pdu)
        ? pdu
        : throw new InvalidOperationException($"state ({type}, {stateKey}) was not loaded");

    /// <summary>Loads pairs, and the create event and the power levels with them.</summary>
    public async ValueTask LoadAsync(params IReadOnlyList<StateKey> keys)
    {
        if (_loaded.Count > MaxKept)
            Forget();
        await LoadOneAsync(new StateKey(EventTypes.Create, ""));
        await LoadOneAsync(new StateKey(EventTypes.PowerLevels, ""));
        foreach (var key in keys)
            await LoadOneAsync(key);
    }

    /// <summary>The state event of a pair, or null.</summary>
    public async ValueTask<Pdu?> FindAsync(string type, string stateKey)
    {
        var key = new StateKey(type, stateKey);
        await LoadOneAsync(key);
        return _loaded[key];
    }

    /// <summary>Goes on to the state with this event in it.</summary>
    public void Apply(Pdu pdu, StateNodeId root)
    {
        Root = root;
        _loaded[new StateKey(pdu.Type, pdu.StateKey!)] = pdu;
        if (pdu.Type is EventTypes.PowerLevels or EventTypes.Create)
            _powerLevels = null;
    }

    /// <summary>Goes on to another state altogether.</summary>
    public void Reset(StateNodeId root)
    {
        Root = root;
        Forget();
    }

    /// <summary>Forgets what was loaded for a pair, because its event's content was redacted.</summary>
    public void Reload(string type, string stateKey)
    {
        _loaded.Remove(new StateKey(type, stateKey));
        _powerLevels = null;
    }

    private void Forget()
    {
        _loaded.Clear();
        _powerLevels = null;
    }

    private async ValueTask LoadOneAsync(StateKey key)
    {
        if (_loaded.ContainsKey(key))
            return;
        var eventId = await map.GetAsync(Root, key.Type, key.Key);
        if (eventId is null)
            _loaded[key] = null;
        else
            _loaded[key] = (await events.GetAsync(eventId) ?? throw new InvalidDataException($"state event {eventId} is missing")).Pdu;
    }
}
