using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Room.Importing;

/// <summary>The auth events that an event names, as a state. Power levels are parsed once for all events that name the same ones.</summary>
internal sealed class NamedState : IAuthState
{
    private readonly Dictionary<StateKey, Pdu> _events = [];

    public NamedState(RoomVersion version, IEnumerable<Pdu> named, Dictionary<(Pdu? Create, Pdu? Levels), PowerLevels> levels)
    {
        const int MaxLevels = 64;
        foreach (var pdu in named)
        {
            if (pdu.StateKey is { } key)
                _events[new StateKey(pdu.Type, key)] = pdu;
        }

        var (create, power) = (Get(EventTypes.Create, ""), Get(EventTypes.PowerLevels, ""));
        if (!levels.TryGetValue((create, power), out var known))
        {
            if (levels.Count >= MaxLevels)
                levels.Clear();
            levels[(create, power)] = known = PowerLevels.Of(version, create, power);
        }

        PowerLevels = known;
    }

    public PowerLevels PowerLevels { get; }

    public Pdu? Get(string type, string stateKey) => _events.GetValueOrDefault(new StateKey(type, stateKey));
}
