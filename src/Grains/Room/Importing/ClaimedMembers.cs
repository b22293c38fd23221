using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Importing;

/// <summary>
/// A state known in part, with the members that an event names as its auth events where the state has none: so events of members who are not known yet can be
/// judged. They are judged again when the state is whole.
/// </summary>
internal sealed class ClaimedMembers : IAuthState
{
    private readonly StateView _state;
    private readonly Dictionary<string, Pdu> _claimed;

    private ClaimedMembers(StateView state, Dictionary<string, Pdu> claimed) => (_state, _claimed) = (state, claimed);

    public PowerLevels PowerLevels => _state.PowerLevels;

    /// <param name="room">The room.</param>
    /// <param name="pdu">The event to judge.</param>
    /// <param name="state">The state, with all loaded that judging the event takes.</param>
    public static async ValueTask<IAuthState> OfAsync(ActiveRoom room, Pdu pdu, StateView state)
    {
        var claimed = new Dictionary<string, Pdu>(StringComparer.Ordinal);
        foreach (var known in (await room.Events.GetManyAsync(pdu.AuthEvents)).Values)
        {
            if (known.Pdu is { Type: EventTypes.Member, StateKey: { } userId } && known.Pdu.RoomId == room.RoomId &&
                !known.Status.HasFlag(EventStatus.Rejected))
                claimed.TryAdd(userId, known.Pdu);
        }

        return new ClaimedMembers(state, claimed);
    }

    public Pdu? Get(string type, string stateKey) => _state.Get(type, stateKey) ?? (type == EventTypes.Member ? _claimed.GetValueOrDefault(stateKey) : null);
}
