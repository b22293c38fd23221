using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary><c>PUT /rooms/{roomId}/state/m.room.member/{userId}</c>: the membership endpoints by another path.</summary>
internal static class MemberState
{
    public static async Task<Outcome<string>> RunAsync(RoomActivation activation, StateToSet state, ChangeMembership members)
    {
        if (!JsonBytes.TryParseObject(state.Content, out var content))
            return MatrixError.BadJson("Content is not an object");
        var isOwn = state.StateKey == state.Requester.UserId;
        MembershipAction? action = JsonBytes.StringMember(content, "membership") switch
        {
            Membership.Join => MembershipAction.Join,
            Membership.Invite => MembershipAction.Invite,
            Membership.Ban => MembershipAction.Ban,
            Membership.Knock => MembershipAction.Knock,
            Membership.Leave when isOwn => MembershipAction.Leave,
            Membership.Leave => await IsBannedAsync(activation, state.StateKey) ? MembershipAction.Unban : MembershipAction.Kick,
            _ => null,
        };
        // C-S API, Guest Access: of the memberships guests may only join and leave.
        if (state.Requester.IsGuest && action is not (null or MembershipAction.Join or MembershipAction.Leave))
            return MatrixError.GuestAccessForbidden();
        return action is { } known
            ? await members.RunAsync(activation, new MembershipChange(state.Requester, known, state.StateKey, Content: state.Content))
            : MatrixError.BadJson("Unknown membership");
    }

    private static Task<bool> IsBannedAsync(RoomActivation activation, string userId) => activation.ReadAsync(async room =>
        room is not null && (await room.Current.FindAsync(EventTypes.Member, userId))?.Membership == Membership.Ban);
}
