using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>S-S API, Checks performed on receipt of a PDU, steps 5 and 6: the event is allowed by a state of the room.</summary>
internal static class CheckState
{
    /// <summary>Why the state does not allow the event, or null.</summary>
    /// <param name="isWhole">The state lacks no members, though the room's may.</param>
    public static async ValueTask<string?> FindFaultAsync(ActiveRoom room, Pdu pdu, StateView state, bool isWhole = false)
    {
        await state.LoadAsync([.. AuthTypes.For(room.Version, pdu), new StateKey(EventTypes.JoinRules, "")]);
        var verdict = AuthRules.Check(room.Version, pdu, isWhole || room.Partial is null ? state : await ClaimedMembers.OfAsync(room, pdu, state));
        return verdict.IsAllowed ? null : verdict.ToString();
    }
}
