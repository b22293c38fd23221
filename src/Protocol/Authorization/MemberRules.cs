using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The rule for <c>m.room.member</c> (v1, rule 5; v6, rule 4; v12, rule 5). Invites are in <see cref="InviteRules"/>.</summary>
internal static class MemberRules
{
    public static AuthResult Check(RoomVersion version, Pdu pdu, Pdu create, IAuthState state)
    {
        if (pdu.StateKey is not { } target || !pdu.HasContentMember("membership"u8))
            return AuthResult.Reject(version, AuthRule.MemberMalformed);
        if (version.RestrictedJoin && pdu.HasContentMember("join_authorised_via_users_server"u8) && !IsSignedByAuthoriser(pdu))
            return AuthResult.Reject(version, AuthRule.MemberNotSignedByAuthoriser);
        return pdu.Membership switch
        {
            Membership.Join => CheckJoin(version, pdu, target, create, state),
            Membership.Invite => InviteRules.Check(version, pdu, target, state),
            Membership.Leave => CheckLeave(version, pdu.Sender, target, state),
            Membership.Ban => CheckBan(version, pdu.Sender, target, state),
            Membership.Knock when version.Knocking => CheckKnock(version, pdu.Sender, target, state),
            _ => AuthResult.Reject(version, AuthRule.MembershipUnknown),
        };
    }

    // That the signatures of an event are good is checked when it comes in; here it matters whose there are.
    private static bool IsSignedByAuthoriser(Pdu pdu)
    {
        if (!EventContent.TryGetString(pdu.Content, MemberContent.AuthorisedVia, out var authoriser) || !UserId.IsValid(authoriser))
            return false;
        foreach (var signature in pdu.GetSignatures())
        {
            if (Domain.OfUser(authoriser).SequenceEqual(signature.Server))
                return true;
        }

        return false;
    }

    private static AuthResult CheckJoin(RoomVersion version, Pdu pdu, string target, Pdu create, IAuthState state)
    {
        if (pdu.PrevEvents.Length == 1 && pdu.PrevEvents[0] == create.EventId && target == PowerLevels.CreatorOf(version, create))
            return AuthResult.Allow(version, AuthRule.JoinOfCreator);
        if (pdu.Sender != target)
            return AuthResult.Reject(version, AuthRule.JoinForAnother);
        var current = Memberships.Of(state, pdu.Sender);
        if (current == Membership.Ban)
            return AuthResult.Reject(version, AuthRule.JoinWhileBanned);

        var isIn = current is Membership.Join or Membership.Invite;
        var rule = JoinRule.Of(state);
        if (isIn && (rule == JoinRule.Invite || (rule == JoinRule.Knock && version.Knocking)))
            return AuthResult.Allow(version, AuthRule.JoinInvited);
        if (JoinRule.IsRestricted(rule, version))
            return CheckRestrictedJoin(version, pdu, isIn, state);
        return rule == JoinRule.Public
            ? AuthResult.Allow(version, AuthRule.JoinPublic)
            : AuthResult.Reject(version, AuthRule.JoinDenied);
    }

    private static AuthResult CheckRestrictedJoin(RoomVersion version, Pdu pdu, bool isIn, IAuthState state)
    {
        if (isIn)
            return AuthResult.Allow(version, AuthRule.JoinRestrictedMember);
        var levels = state.PowerLevels;
        return EventContent.TryGetString(pdu.Content, MemberContent.AuthorisedVia, out var authoriser) &&
            Memberships.Of(state, authoriser) == Membership.Join && levels.Of(authoriser) >= levels.Invite
            ? AuthResult.Allow(version, AuthRule.JoinRestrictedAllowed)
            : AuthResult.Reject(version, AuthRule.JoinRestrictedAuthoriser);
    }

    private static AuthResult CheckLeave(RoomVersion version, string sender, string target, IAuthState state)
    {
        if (sender == target)
        {
            var own = Memberships.Of(state, sender);
            return own is Membership.Invite or Membership.Join || (own == Membership.Knock && version.Knocking)
                ? AuthResult.Allow(version, AuthRule.LeaveOwn)
                : AuthResult.Reject(version, AuthRule.LeaveOwn);
        }

        if (Memberships.Of(state, sender) != Membership.Join)
            return AuthResult.Reject(version, AuthRule.LeaveSenderNotJoined);
        var levels = state.PowerLevels;
        var senderLevel = levels.Of(sender);
        if (Memberships.Of(state, target) == Membership.Ban && senderLevel < levels.Ban)
            return AuthResult.Reject(version, AuthRule.LeaveUnban);
        return senderLevel >= levels.Kick && levels.Of(target) < senderLevel
            ? AuthResult.Allow(version, AuthRule.LeaveKick)
            : AuthResult.Reject(version, AuthRule.LeaveDenied);
    }

    private static AuthResult CheckBan(RoomVersion version, string sender, string target, IAuthState state)
    {
        if (Memberships.Of(state, sender) != Membership.Join)
            return AuthResult.Reject(version, AuthRule.BanSenderNotJoined);
        var levels = state.PowerLevels;
        var senderLevel = levels.Of(sender);
        return senderLevel >= levels.Ban && levels.Of(target) < senderLevel
            ? AuthResult.Allow(version, AuthRule.BanAllowed)
            : AuthResult.Reject(version, AuthRule.BanDenied);
    }

    private static AuthResult CheckKnock(RoomVersion version, string sender, string target, IAuthState state)
    {
        var rule = JoinRule.Of(state);
        if (rule != JoinRule.Knock && !(rule == JoinRule.KnockRestricted && version.KnockRestrictedJoin))
            return AuthResult.Reject(version, AuthRule.KnockJoinRule);
        if (sender != target)
            return AuthResult.Reject(version, AuthRule.KnockForAnother);
        return Memberships.Of(state, sender) is Membership.Ban or Membership.Invite or Membership.Join
            ? AuthResult.Reject(version, AuthRule.KnockDenied)
            : AuthResult.Allow(version, AuthRule.KnockAllowed);
    }
}
