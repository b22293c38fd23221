using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>An <see cref="IAuthState"/> over a handful of events, such as those that an event names as its auth events.</summary>
public sealed class AuthState : IAuthState
{
    private readonly RoomVersion _version;
    private readonly Dictionary<StateKey, Pdu> _events = [];
    private PowerLevels? _powerLevels;

    public AuthState(RoomVersion version, params IEnumerable<Pdu> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        _version = version;
        foreach (var pdu in events)
            Set(pdu);
    }

    /// <inheritdoc/>
    public PowerLevels PowerLevels => _powerLevels ??=
        PowerLevels.Of(_version, Get(EventTypes.Create, ""), Get(EventTypes.PowerLevels, ""));

    /// <inheritdoc/>
    public Pdu? Get(string type, string stateKey) => _events.GetValueOrDefault(new StateKey(type, stateKey));

    /// <summary>Puts a state event in the place of its type and state key; one that is no state event is left out.</summary>
    public void Set(Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        if (pdu.StateKey is not { } stateKey)
            return;
        _events[new StateKey(pdu.Type, stateKey)] = pdu;
        if (pdu.Type is EventTypes.Create or EventTypes.PowerLevels)
            _powerLevels = null;
    }
}
