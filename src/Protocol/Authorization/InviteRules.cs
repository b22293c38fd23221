using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The rule for <c>m.room.member</c> with membership <c>invite</c> (v1, rule 5.3).</summary>
internal static class InviteRules
{
    public static AuthResult Check(RoomVersion version, Pdu pdu, string target, IAuthState state)
    {
        if (EventContent.TryGet(pdu.Content, "third_party_invite", out var thirdParty))
            return CheckThirdParty(version, pdu.Sender, target, thirdParty, state);
        if (Memberships.Of(state, pdu.Sender) != Membership.Join)
            return AuthResult.Reject(version, AuthRule.InviteSenderNotJoined);
        if (Memberships.Of(state, target) is Membership.Join or Membership.Ban)
            return AuthResult.Reject(version, AuthRule.InviteTargetJoinedOrBanned);
        var levels = state.PowerLevels;
        return levels.Of(pdu.Sender) >= levels.Invite
            ? AuthResult.Allow(version, AuthRule.InviteAllowed)
            : AuthResult.Reject(version, AuthRule.InviteDenied);
    }

    private static AuthResult CheckThirdParty(
        RoomVersion version, string sender, string target, JsonElement thirdParty, IAuthState state)
    {
        if (Memberships.Of(state, target) == Membership.Ban)
            return AuthResult.Reject(version, AuthRule.ThirdPartyTargetBanned);
        if (!EventContent.TryGet(thirdParty, "signed", out var signed))
            return AuthResult.Reject(version, AuthRule.ThirdPartyWithoutSigned);
        if (!EventContent.TryGetString(signed, "mxid", out var mxid) || !EventContent.TryGetString(signed, "token", out var token))
            return AuthResult.Reject(version, AuthRule.ThirdPartyMalformed);
        if (mxid != target)
            return AuthResult.Reject(version, AuthRule.ThirdPartyOtherUser);
        if (state.Get(EventTypes.ThirdPartyInvite, token) is not { } invite)
            return AuthResult.Reject(version, AuthRule.ThirdPartyUnknownToken);
        if (sender != invite.Sender)
            return AuthResult.Reject(version, AuthRule.ThirdPartyOtherSender);
        return ThirdPartySignature.IsValid(signed, invite.Content)
            ? AuthResult.Allow(version, AuthRule.ThirdPartySigned)
            : AuthResult.Reject(version, AuthRule.ThirdPartyDenied);
    }
}
