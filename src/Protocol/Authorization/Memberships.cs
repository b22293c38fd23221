using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>Users' memberships in a state.</summary>
public static class Memberships
{
    /// <summary>A user's membership in a state; <c>leave</c> for one who never was in the room.</summary>
    public static string Of(IAuthState state, string userId)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Of(state.Get(EventTypes.Member, userId));
    }

    /// <summary>The membership that an <c>m.room.member</c> event sets; <c>leave</c> without one.</summary>
    public static string Of(Pdu? member) => member?.Membership ?? Membership.Leave;
}
