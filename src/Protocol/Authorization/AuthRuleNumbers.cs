using System.Globalization;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The numbers and the wording of the authorisation rules, as each room version's page lists them.</summary>
public static class AuthRuleNumbers
{
    /// <summary>The number of a step in a room version, such as "5.3.2"; null when that version has no such step.</summary>
    public static string? Of(AuthRule rule, RoomVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        var v = new Sections(version);
        return rule switch
        {
            AuthRule.CreateHasPrevEvents => "1.1",
            AuthRule.CreateRoomIdDomain => version.RoomIdIsCreateHash ? null : "1.2",
            AuthRule.CreateHasRoomId => version.RoomIdIsCreateHash ? "1.2" : null,
            AuthRule.CreateUnknownVersion => "1.3",
            AuthRule.CreateWithoutCreator => version.CreatorIsSender ? null : "1.4",
            AuthRule.CreateAdditionalCreators => version.PrivilegedCreators ? "1.4" : null,
            AuthRule.CreateAllowed => version.CreatorIsSender && !version.PrivilegedCreators ? "1.4" : "1.5",
            AuthRule.RoomIdIsNotCreate => version.RoomIdIsCreateHash ? "2" : null,
            AuthRule.AuthEventsDuplicate => Step(v.AuthEvents, 1),
            AuthRule.AuthEventsUnexpected => Step(v.AuthEvents, 2),
            AuthRule.AuthEventsRejected => Step(v.AuthEvents, 3),
            AuthRule.AuthEventsWithoutCreate => version.CreateInAuthEvents ? Step(v.AuthEvents, 4) : null,
            AuthRule.AuthEventsOtherRoom => Step(v.AuthEvents, version.CreateInAuthEvents ? 5 : 4),
            AuthRule.NotFederated => Text(v.Federate),
            AuthRule.AliasesWithoutStateKey => version.SpecialCaseAliasesAuth ? Step(v.Aliases, 1) : null,
            AuthRule.AliasesDomain => version.SpecialCaseAliasesAuth ? Step(v.Aliases, 2) : null,
            AuthRule.AliasesAllowed => version.SpecialCaseAliasesAuth ? Step(v.Aliases, 3) : null,
            >= AuthRule.MemberMalformed and <= AuthRule.MembershipUnknown => OfMember(rule, version, v.Member),
            AuthRule.SenderNotJoined => Text(v.Member + 1),
            AuthRule.ThirdPartyInviteLevel => Step(v.Member + 2, 1),
            AuthRule.RequiredLevel => Text(v.Member + 3),
            AuthRule.StateKeyOfAnother => Text(v.Member + 4),
            >= AuthRule.PowerLevelsNumbers and <= AuthRule.PowerLevelsAllowed => OfPowerLevels(rule, version, v.Member + 5),
            AuthRule.RedactionLevel => version.RedactionsInAuthRules ? Step(v.Member + 6, 1) : null,
            AuthRule.RedactionSameDomain => version.RedactionsInAuthRules ? Step(v.Member + 6, 2) : null,
            AuthRule.RedactionDenied => version.RedactionsInAuthRules ? Step(v.Member + 6, 3) : null,
            AuthRule.Allowed => Text(v.Member + (version.RedactionsInAuthRules ? 7 : 6)),
            _ => throw new ArgumentOutOfRangeException(nameof(rule)),
        };
    }

    private static string? OfMember(AuthRule rule, RoomVersion version, int member)
    {
        var join = version.RestrictedJoin ? 3 : 2;
        var afterRestricted = version.RestrictedJoin ? 1 : 0;
        return rule switch
        {
            AuthRule.MemberMalformed => Step(member, 1),
            AuthRule.MemberNotSignedByAuthoriser => version.RestrictedJoin ? Step(member, 2, 1) : null,
            <= AuthRule.JoinInvited => Step(member, join, rule - AuthRule.JoinOfCreator + 1),
            <= AuthRule.JoinRestrictedAllowed =>
                version.RestrictedJoin ? Step(member, join, 5, rule - AuthRule.JoinRestrictedMember + 1) : null,
            <= AuthRule.JoinDenied => Step(member, join, rule - AuthRule.JoinPublic + 5 + afterRestricted),
            <= AuthRule.ThirdPartyDenied => Step(member, join + 1, 1, rule - AuthRule.ThirdPartyTargetBanned + 1),
            <= AuthRule.InviteDenied => Step(member, join + 1, rule - AuthRule.InviteSenderNotJoined + 2),
            <= AuthRule.LeaveDenied => Step(member, join + 2, rule - AuthRule.LeaveOwn + 1),
            <= AuthRule.BanDenied => Step(member, join + 3, rule - AuthRule.BanSenderNotJoined + 1),
            <= AuthRule.KnockDenied => version.Knocking ? Step(member, join + 4, rule - AuthRule.KnockJoinRule + 1) : null,
            _ => Step(member, join + (version.Knocking ? 5 : 4)),
        };
    }

    private static string? OfPowerLevels(AuthRule rule, RoomVersion version, int section)
    {
        var users = version.IntegerPowerLevels ? 3 : 1;
        var first = users + (version.PrivilegedCreators ? 2 : 1);
        return rule switch
        {
            AuthRule.PowerLevelsNumbers => version.IntegerPowerLevels ? Step(section, 1) : null,
            AuthRule.PowerLevelsMaps => version.IntegerPowerLevels ? Step(section, 2) : null,
            AuthRule.PowerLevelsUsers => Step(section, users),
            AuthRule.PowerLevelsNameCreator => version.PrivilegedCreators ? Step(section, users + 1) : null,
            AuthRule.PowerLevelsFirst => Step(section, first),
            AuthRule.PowerLevelsAlteredFromAbove => Step(section, first + 1, 1),
            AuthRule.PowerLevelsAlteredToAbove => Step(section, first + 1, 2),
            _ => rule == AuthRule.PowerLevelsAllowed
                ? Step(section, first + 6)
                : Step(section, first + 2 + (rule - AuthRule.PowerLevelsEventFromAbove), 1),
        };
    }

    /// <summary>What a step looks at, in a few words, for people who ask why their event was refused.</summary>
    public static string Wording(AuthRule rule) => rule switch
    {
        AuthRule.CreateHasPrevEvents => "m.room.create may not have previous events",
        AuthRule.CreateRoomIdDomain => "the domain of the room id is not the sender's",
        AuthRule.CreateHasRoomId => "m.room.create may not have a room id",
        AuthRule.CreateUnknownVersion => "the room version is not recognised",
        AuthRule.CreateWithoutCreator => "m.room.create names no creator",
        AuthRule.CreateAdditionalCreators => "additional_creators is not a list of user ids",
        AuthRule.CreateAllowed => "m.room.create",
        AuthRule.RoomIdIsNotCreate => "the room id is not the id of an accepted m.room.create",
        AuthRule.AuthEventsDuplicate => "two auth events have the same type and state key",
        AuthRule.AuthEventsUnexpected => "an auth event is none of those that this event may name",
        AuthRule.AuthEventsRejected => "an auth event was itself rejected",
        AuthRule.AuthEventsWithoutCreate => "there is no m.room.create among the auth events",
        AuthRule.AuthEventsOtherRoom => "an auth event is of another room",
        AuthRule.NotFederated => "the room is closed to other servers",
        AuthRule.AliasesWithoutStateKey => "m.room.aliases needs a state key",
        AuthRule.AliasesDomain => "the state key of m.room.aliases is not the sender's server",
        AuthRule.AliasesAllowed => "m.room.aliases of the sender's server",
        AuthRule.MemberMalformed => "m.room.member needs a state key and a membership",
        AuthRule.MemberNotSignedByAuthoriser => "the server of the authorising user did not sign the event",
        AuthRule.JoinOfCreator => "the creator's first join",
        AuthRule.JoinForAnother => "users may only join for themselves",
        AuthRule.JoinWhileBanned => "the user is banned",
        AuthRule.JoinInvited => "the user is invited or joined",
        AuthRule.JoinRestrictedMember => "the user is invited or joined",
        AuthRule.JoinRestrictedAuthoriser => "the authorising user may not invite or is not in the room",
        AuthRule.JoinRestrictedAllowed => "authorised by a member who may invite",
        AuthRule.JoinPublic => "the room is public",
        AuthRule.JoinDenied => "the join rule does not let the user in",
        AuthRule.ThirdPartyTargetBanned => "the invited user is banned",
        AuthRule.ThirdPartyWithoutSigned => "third_party_invite has no signed part",
        AuthRule.ThirdPartyMalformed => "signed needs mxid and token",
        AuthRule.ThirdPartyOtherUser => "the signed user is not the invited one",
        AuthRule.ThirdPartyUnknownToken => "no m.room.third_party_invite has this token",
        AuthRule.ThirdPartyOtherSender => "the third-party invite is another user's",
        AuthRule.ThirdPartySigned => "signed with a key of the third-party invite",
        AuthRule.ThirdPartyDenied => "no signature matches a key of the third-party invite",
        AuthRule.InviteSenderNotJoined => "the inviting user is not in the room",
        AuthRule.InviteTargetJoinedOrBanned => "the invited user is in the room or banned",
        AuthRule.InviteAllowed => "the sender may invite",
        AuthRule.InviteDenied => "the sender may not invite",
        AuthRule.LeaveOwn => "only those invited, joined or knocking can leave",
        AuthRule.LeaveSenderNotJoined => "the kicking user is not in the room",
        AuthRule.LeaveUnban => "the sender may not unban",
        AuthRule.LeaveKick => "the sender may kick the user",
        AuthRule.LeaveDenied => "the sender may not kick the user",
        AuthRule.BanSenderNotJoined => "the banning user is not in the room",
        AuthRule.BanAllowed => "the sender may ban the user",
        AuthRule.BanDenied => "the sender may not ban the user",
        AuthRule.KnockJoinRule => "the join rule does not allow knocking",
        AuthRule.KnockForAnother => "users may only knock for themselves",
        AuthRule.KnockAllowed => "the user may knock",
        AuthRule.KnockDenied => "the user is banned, invited or joined already",
        AuthRule.MembershipUnknown => "the membership is unknown",
        AuthRule.SenderNotJoined => "the sender is not in the room",
        AuthRule.ThirdPartyInviteLevel => "the level to invite is needed",
        AuthRule.RequiredLevel => "the sender's power level is too low for this type of event",
        AuthRule.StateKeyOfAnother => "the state key is another user's id",
        AuthRule.PowerLevelsNumbers => "a power level is not an integer",
        AuthRule.PowerLevelsMaps => "events or notifications is not an object of integers",
        AuthRule.PowerLevelsUsers => "a level is not a number, or users is not an object from user ids to levels",
        AuthRule.PowerLevelsNameCreator => "users may not name a creator of the room",
        AuthRule.PowerLevelsFirst => "the first power levels of the room",
        AuthRule.PowerLevelsAlteredFromAbove => "a level above the sender's cannot be changed",
        AuthRule.PowerLevelsAlteredToAbove => "a level cannot be raised above the sender's",
        AuthRule.PowerLevelsEventFromAbove => "a level of events or notifications above the sender's cannot be changed",
        AuthRule.PowerLevelsEventToAbove => "a level of events or notifications cannot be raised above the sender's",
        AuthRule.PowerLevelsUserFromAbove => "the level of a user at or above the sender's cannot be changed",
        AuthRule.PowerLevelsUserToAbove => "a user cannot be raised above the sender's level",
        AuthRule.PowerLevelsAllowed => "the sender may change these levels",
        AuthRule.RedactionLevel => "the sender may redact",
        AuthRule.RedactionSameDomain => "both events are of the same server",
        AuthRule.RedactionDenied => "the sender may not redact this event",
        AuthRule.Allowed => "no rule forbids it",
        _ => throw new ArgumentOutOfRangeException(nameof(rule)),
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Step(int a, int b) => string.Create(CultureInfo.InvariantCulture, $"{a}.{b}");

    private static string Step(int a, int b, int c) => string.Create(CultureInfo.InvariantCulture, $"{a}.{b}.{c}");

    private static string Step(int a, int b, int c, int d) => string.Create(CultureInfo.InvariantCulture, $"{a}.{b}.{c}.{d}");

    // The numbers of the top-level rules: v12 adds rule 2, v6 drops the rule for aliases.
    private readonly struct Sections(RoomVersion version)
    {
        public int AuthEvents { get; } = version.RoomIdIsCreateHash ? 3 : 2;

        public int Federate => AuthEvents + 1;

        public int Aliases => Federate + 1;

        public int Member => Federate + (version.SpecialCaseAliasesAuth ? 2 : 1);
    }
}
