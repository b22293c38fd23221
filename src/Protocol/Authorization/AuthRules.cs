using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>
/// The authorisation rules of the room versions. A PDU is judged three times (S-S API, Checks performed on receipt of a PDU): by its own
/// auth events (<see cref="CheckAuthEvents"/> and then <see cref="Check"/> with an <see cref="AuthState"/> of them), by the state before it
/// and by the room's current state.
/// </summary>
public static class AuthRules
{
    /// <summary>
    /// The rule "Considering the event's auth_events". <paramref name="authEvents"/> are all the events that it names: an event of which
    /// one cannot be had must not be judged at all.
    /// </summary>
    public static AuthResult CheckAuthEvents(RoomVersion version, Pdu pdu, IReadOnlyList<AuthEvent> authEvents)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        return AuthEventsRules.Check(version, pdu, authEvents);
    }

    /// <summary>All rules but the one about <c>auth_events</c>, with the event judged against a state.</summary>
    /// <param name="version">The version of the room.</param>
    /// <param name="pdu">The event. Its signatures are taken for verified.</param>
    /// <param name="state">
    /// The state. In v12 and later it holds the <c>m.room.create</c> of the room as well, and only if that was not rejected.
    /// </param>
    public static AuthResult Check(RoomVersion version, Pdu pdu, IAuthState state)
    {
        ArgumentNullException.ThrowIfNull(version);
        ArgumentNullException.ThrowIfNull(pdu);
        ArgumentNullException.ThrowIfNull(state);
        if (pdu.Type == EventTypes.Create)
            return CreateRules.Check(version, pdu);

        var create = state.Get(EventTypes.Create, "");
        if (version.RoomIdIsCreateHash && !IsRoomOf(pdu, create))
            return AuthResult.Reject(version, AuthRule.RoomIdIsNotCreate);
        if (create is null)
            return AuthResult.Reject(version, AuthRule.AuthEventsWithoutCreate);
        if (IsClosedTo(pdu.Sender, create))
            return AuthResult.Reject(version, AuthRule.NotFederated);
        if (version.SpecialCaseAliasesAuth && pdu.Type == EventTypes.Aliases)
            return CheckAliases(version, pdu);
        if (pdu.Type == EventTypes.Member)
            return MemberRules.Check(version, pdu, create, state);
        return CheckOther(version, pdu, create, state);
    }

    /// <summary>
    /// True if the room takes no events of the user's server: its creator's server keeps it to itself (v1, rule 3: <c>m.federate</c>). Nobody there can answer
    /// an invite.
    /// </summary>
    public static bool IsClosedTo(string userId, Pdu create)
    {
        ArgumentNullException.ThrowIfNull(create);
        return EventContent.TryGet(create.Content, "m.federate", out var federate) && federate.ValueKind == System.Text.Json.JsonValueKind.False &&
            !Domain.OfUser(userId).SequenceEqual(Domain.OfUser(create.Sender));
    }

    // v12, rule 2.
    private static bool IsRoomOf(Pdu pdu, Pdu? create) =>
        create is not null && create.EventId.Length == pdu.RoomId.Length && pdu.RoomId.StartsWith('!') &&
        pdu.RoomId.AsSpan(1).SequenceEqual(create.EventId.AsSpan(1));

    // v1, rule 4.
    private static AuthResult CheckAliases(RoomVersion version, Pdu pdu)
    {
        if (pdu.StateKey is null)
            return AuthResult.Reject(version, AuthRule.AliasesWithoutStateKey);
        return Domain.OfUser(pdu.Sender).SequenceEqual(pdu.StateKey)
            ? AuthResult.Allow(version, AuthRule.AliasesAllowed)
            : AuthResult.Reject(version, AuthRule.AliasesDomain);
    }

    // v1, rules 6 to 12.
    private static AuthResult CheckOther(RoomVersion version, Pdu pdu, Pdu create, IAuthState state)
    {
        if (Memberships.Of(state, pdu.Sender) != Membership.Join)
            return AuthResult.Reject(version, AuthRule.SenderNotJoined);

        var levels = state.PowerLevels;
        var senderLevel = levels.Of(pdu.Sender);
        if (pdu.Type == EventTypes.ThirdPartyInvite)
        {
            return senderLevel >= levels.Invite
                ? AuthResult.Allow(version, AuthRule.ThirdPartyInviteLevel)
                : AuthResult.Reject(version, AuthRule.ThirdPartyInviteLevel);
        }

        if (levels.Required(pdu.Type, pdu.StateKey is not null) > senderLevel)
            return AuthResult.Reject(version, AuthRule.RequiredLevel);
        if (pdu.StateKey is { } key && key.StartsWith('@') && key != pdu.Sender)
            return AuthResult.Reject(version, AuthRule.StateKeyOfAnother);
        if (pdu.Type == EventTypes.PowerLevels)
            return PowerLevelRules.Check(version, pdu, create, levels);
        return version.RedactionsInAuthRules && pdu.Type == EventTypes.Redaction
            ? CheckRedaction(version, pdu, levels)
            : AuthResult.Allow(version, AuthRule.Allowed);
    }

    // v1, rule 11.
    private static AuthResult CheckRedaction(RoomVersion version, Pdu pdu, PowerLevels levels)
    {
        if (levels.Of(pdu.Sender) >= levels.Redact)
            return AuthResult.Allow(version, AuthRule.RedactionLevel);
        return pdu.Redacts is { } target && Domain.OfEvent(target) is { IsEmpty: false } domain &&
            domain.SequenceEqual(Domain.OfEvent(pdu.EventId))
            ? AuthResult.Allow(version, AuthRule.RedactionSameDomain)
            : AuthResult.Reject(version, AuthRule.RedactionDenied);
    }
}
