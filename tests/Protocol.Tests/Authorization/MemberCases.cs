using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using static OrleansMatrix.Protocol.Tests.Authorization.AuthRoom;

namespace OrleansMatrix.Protocol.Tests.Authorization;

/// <summary>The rule for <c>m.room.member</c>, step by step.</summary>
internal static class MemberCases
{
    private const string Via = """{"membership":"join","join_authorised_via_users_server":"@user:one"}""";

    public static IEnumerable<AuthCase> All => [.. Shape, .. Join, .. Invite, .. ThirdParty, .. Leave, .. Ban, .. Knock];

    private static readonly AuthCase[] Shape =
    [
        new("member without state key", AuthRule.MemberMalformed, false,
            v => new AuthRoom(v).Try(EventTypes.Member, null, User, """{"membership":"join"}""")),
        new("member without membership", AuthRule.MemberMalformed, false, v => new AuthRoom(v).Try(EventTypes.Member, User, User, "{}")),
        new("unknown membership", AuthRule.MembershipUnknown, false, v => new AuthRoom(v).TryMember(User, User, "dance")),
        new("membership that is no string", AuthRule.MembershipUnknown, false,
            v => new AuthRoom(v).Try(EventTypes.Member, User, User, """{"membership":1}""")),
        new("knock before v7", AuthRule.MembershipUnknown, false, v => new AuthRoom(v).SetJoinRule("knock").TryMember(Out, Out, "knock"))
            { Versions = v => !v.Knocking },
        new("authoriser's server did not sign", AuthRule.MemberNotSignedByAuthoriser, false, v => TryRestricted(v, ["two"]))
            { Versions = v => v.RestrictedJoin },
        new("authoriser is no user id though a server of that name signed", AuthRule.MemberNotSignedByAuthoriser, false,
            v => TryPublic(v, ["one"], """{"membership":"join","join_authorised_via_users_server":"user:one"}"""))
            { Versions = v => v.RestrictedJoin },
        new("authoriser is no user id", AuthRule.MemberNotSignedByAuthoriser, false,
            v => new AuthRoom(v).Try(EventTypes.Member, Out, Out, """{"membership":"leave","join_authorised_via_users_server":1}"""))
            { Versions = v => v.RestrictedJoin },
    ];

    private static readonly AuthCase[] Join =
    [
        new("first join of the creator", AuthRule.JoinOfCreator, true, v => TryFirstJoin(v, Creator, Creator)),
        new("first join of another", AuthRule.JoinDenied, false, v => TryFirstJoin(v, Out, Out)),
        new("first join counts the creator of the content before v11", AuthRule.JoinOfCreator, true,
            v => TryFirstJoin(v, Out, Out, """{"creator":"@out:two"}""")) { Versions = v => !v.CreatorIsSender },
        new("first join counts the sender of create from v11", AuthRule.JoinDenied, false,
            v => TryFirstJoin(v, Out, Out, """{"creator":"@out:two"}""")) { Versions = v => v.CreatorIsSender },
        new("additional creators do not join first", AuthRule.JoinDenied, false,
            v => TryFirstJoin(v, Out, Out, """{"additional_creators":["@out:two"]}""")) { Versions = v => v.PrivilegedCreators },
        new("join for another", AuthRule.JoinForAnother, false, v => new AuthRoom(v).SetJoinRule("public").TryMember(Mod, Out, "join")),
        new("join of the banned", AuthRule.JoinWhileBanned, false,
            v => new AuthRoom(v).SetJoinRule("public").SetMember(Out, "ban").TryMember(Out, Out, "join")),
        new("join of the invited", AuthRule.JoinInvited, true, v => new AuthRoom(v).SetJoinRule("invite").SetMember(Out, "invite").TryMember(Out, Out, "join")),
        new("join of the joined", AuthRule.JoinInvited, true, v => new AuthRoom(v).SetJoinRule("invite").TryMember(User, User, "join")),
        new("join of the invited without join rules", AuthRule.JoinInvited, true, v => new AuthRoom(v).SetMember(Out, "invite").TryMember(Out, Out, "join")),
        new("join of the uninvited without join rules", AuthRule.JoinDenied, false, v => new AuthRoom(v).TryMember(Out, Out, "join")),
        new("join of the invited with knocking", AuthRule.JoinInvited, true,
            v => new AuthRoom(v).SetJoinRule("knock").SetMember(Out, "invite").TryMember(Out, Out, "join")) { Versions = v => v.Knocking },
        new("join of the invited with a join rule unknown before v7", AuthRule.JoinDenied, false,
            v => new AuthRoom(v).SetJoinRule("knock").SetMember(Out, "invite").TryMember(Out, Out, "join")) { Versions = v => !v.Knocking },
        new("join of the knocking", AuthRule.JoinDenied, false,
            v => new AuthRoom(v).SetJoinRule("knock").SetMember(Out, "knock").TryMember(Out, Out, "join")),
        new("restricted join of the invited", AuthRule.JoinRestrictedMember, true,
            v => new AuthRoom(v).SetJoinRule("restricted").SetMember(Out, "invite").TryMember(Out, Out, "join")) { Versions = v => v.RestrictedJoin },
        new("restricted join without authoriser", AuthRule.JoinRestrictedAuthoriser, false,
            v => new AuthRoom(v).SetJoinRule("restricted").TryMember(Out, Out, "join")) { Versions = v => v.RestrictedJoin },
        new("restricted join by one who may not invite", AuthRule.JoinRestrictedAuthoriser, false,
            v => TryRestricted(v, ["one", "two"], r => r.SetLevels("""{"invite":10}"""))) { Versions = v => v.RestrictedJoin },
        new("restricted join by one who left", AuthRule.JoinRestrictedAuthoriser, false,
            v => TryRestricted(v, ["one", "two"], r => r.SetMember(User, "leave"))) { Versions = v => v.RestrictedJoin },
        new("restricted join", AuthRule.JoinRestrictedAllowed, true, v => TryRestricted(v, ["one", "two"])) { Versions = v => v.RestrictedJoin },
        new("restricted join of the banned", AuthRule.JoinWhileBanned, false, v => TryRestricted(v, ["one"], r => r.SetMember(Out, "ban")))
            { Versions = v => v.RestrictedJoin },
        new("knock_restricted join", AuthRule.JoinRestrictedAllowed, true, v => TryRestricted(v, ["one"], r => r.SetJoinRule("knock_restricted")))
            { Versions = v => v.KnockRestrictedJoin },
        new("knock_restricted is unknown before v10", AuthRule.JoinDenied, false,
            v => TryRestricted(v, ["one"], r => r.SetJoinRule("knock_restricted"))) { Versions = v => !v.KnockRestrictedJoin },
        new("restricted is unknown before v8", AuthRule.JoinDenied, false, v => TryRestricted(v, ["one"])) { Versions = v => !v.RestrictedJoin },
        new("public join", AuthRule.JoinPublic, true, v => new AuthRoom(v).SetJoinRule("public").TryMember(Out, Out, "join")),
        new("private join", AuthRule.JoinDenied, false, v => new AuthRoom(v).SetJoinRule("private").SetMember(Out, "invite").TryMember(Out, Out, "join")),
        new("join rule that is no string", AuthRule.JoinDenied, false,
            v => new AuthRoom(v).Set(EventTypes.JoinRules, "", Creator, """{"join_rule":1}""").SetMember(Out, "invite").TryMember(Out, Out, "join")),
    ];

    private static readonly AuthCase[] Invite =
    [
        new("invite by one outside", AuthRule.InviteSenderNotJoined, false, v => new AuthRoom(v).TryMember(Out, "@new:two", "invite")),
        new("invite of the joined", AuthRule.InviteTargetJoinedOrBanned, false, v => new AuthRoom(v).TryMember(Mod, User, "invite")),
        new("invite of the banned", AuthRule.InviteTargetJoinedOrBanned, false,
            v => new AuthRoom(v).SetMember(Out, "ban").TryMember(Creator, Out, "invite")),
        new("invite", AuthRule.InviteAllowed, true, v => new AuthRoom(v).TryMember(User, Out, "invite")),
        new("invite of the knocking", AuthRule.InviteAllowed, true, v => new AuthRoom(v).SetMember(Out, "knock").TryMember(User, Out, "invite")),
        new("invite without the level", AuthRule.InviteDenied, false,
            v => new AuthRoom(v).SetLevels("""{"invite":10}""").TryMember(User, Out, "invite")),
    ];

    private static readonly AuthCase[] ThirdParty =
    [
        new("third-party invite of the banned", AuthRule.ThirdPartyTargetBanned, false, v => ThirdPartyInvite.Try(v, r => r.SetMember(Out, "ban"))),
        new("third-party invite without signed", AuthRule.ThirdPartyWithoutSigned, false, v => ThirdPartyInvite.Try(v, content: "{}")),
        new("third-party invite that is null", AuthRule.ThirdPartyWithoutSigned, false, v => ThirdPartyInvite.Try(v, content: "null")),
        new("third-party invite without mxid", AuthRule.ThirdPartyMalformed, false, v => ThirdPartyInvite.Try(v, content: """{"signed":{"token":"t"}}""")),
        new("third-party invite without token", AuthRule.ThirdPartyMalformed, false,
            v => ThirdPartyInvite.Try(v, content: """{"signed":{"mxid":"@out:two"}}""")),
        new("third-party invite of another user", AuthRule.ThirdPartyOtherUser, false, v => ThirdPartyInvite.Try(v, mxid: "@other:two")),
        new("third-party invite with an unknown token", AuthRule.ThirdPartyUnknownToken, false, v => ThirdPartyInvite.Try(v, token: "else")),
        new("third-party invite used by another", AuthRule.ThirdPartyOtherSender, false, v => ThirdPartyInvite.Try(v, sender: Mod)),
        new("third-party invite", AuthRule.ThirdPartySigned, true, v => ThirdPartyInvite.Try(v)),
        new("third-party invite with one of many keys", AuthRule.ThirdPartySigned, true, v => ThirdPartyInvite.Try(v, keyInList: true)),
        new("third-party invite by one who has left", AuthRule.ThirdPartySigned, true, v => ThirdPartyInvite.Try(v, r => r.SetMember(User, "leave"))),
        new("third-party invite with a wrong signature", AuthRule.ThirdPartyDenied, false, v => ThirdPartyInvite.Try(v, tamper: true)),
        new("third-party invite without signatures", AuthRule.ThirdPartyDenied, false,
            v => ThirdPartyInvite.Try(v, content: """{"signed":{"mxid":"@out:two","token":"t"}}""")),
    ];

    private static readonly AuthCase[] Leave =
    [
        new("leave of the joined", AuthRule.LeaveOwn, true, v => new AuthRoom(v).TryMember(User, User, "leave")),
        new("leave of the invited", AuthRule.LeaveOwn, true, v => new AuthRoom(v).SetMember(Out, "invite").TryMember(Out, Out, "leave")),
        new("leave of the knocking", AuthRule.LeaveOwn, true, v => new AuthRoom(v).SetMember(Out, "knock").TryMember(Out, Out, "leave"))
            { Versions = v => v.Knocking },
        new("leave of the knocking before v7", AuthRule.LeaveOwn, false, v => new AuthRoom(v).SetMember(Out, "knock").TryMember(Out, Out, "leave"))
            { Versions = v => !v.Knocking },
        new("leave of one outside", AuthRule.LeaveOwn, false, v => new AuthRoom(v).TryMember(Out, Out, "leave")),
        new("leave of the banned", AuthRule.LeaveOwn, false, v => new AuthRoom(v).SetMember(Out, "ban").TryMember(Out, Out, "leave")),
        new("kick by one outside", AuthRule.LeaveSenderNotJoined, false, v => new AuthRoom(v).TryMember(Out, User, "leave")),
        new("unban without the ban level", AuthRule.LeaveUnban, false,
            v => new AuthRoom(v).SetLevels("""{"ban":60,"kick":10,"users":{"@mod:one":50}}""").SetMember(Out, "ban").TryMember(Mod, Out, "leave")),
        new("unban without the kick level", AuthRule.LeaveDenied, false,
            v => new AuthRoom(v).SetLevels("""{"ban":10,"kick":60,"users":{"@mod:one":50}}""").SetMember(Out, "ban").TryMember(Mod, Out, "leave")),
        new("unban", AuthRule.LeaveKick, true, v => new AuthRoom(v).SetMember(Out, "ban").TryMember(Mod, Out, "leave")),
        new("kick", AuthRule.LeaveKick, true, v => new AuthRoom(v).TryMember(Mod, User, "leave")),
        new("kick without the level", AuthRule.LeaveDenied, false, v => new AuthRoom(v).SetMember(Out, "join").TryMember(User, Out, "leave")),
        new("kick of an equal", AuthRule.LeaveDenied, false,
            v => new AuthRoom(v).SetLevels("""{"users":{"@mod:one":50,"@user:one":50}}""").TryMember(Mod, User, "leave")),
        new("kick of the creator in v12", AuthRule.LeaveDenied, false,
            v => new AuthRoom(v).SetLevels("""{"users":{"@mod:one":9007199254740991}}""").TryMember(Mod, Creator, "leave"))
            { Versions = v => v.PrivilegedCreators },
        new("kick among creators in v12", AuthRule.LeaveDenied, false,
            v => new AuthRoom(v, """{"additional_creators":["@mod:one"]}""").TryMember(Creator, Mod, "leave")) { Versions = v => v.PrivilegedCreators },
    ];

    private static readonly AuthCase[] Ban =
    [
        new("ban by one outside", AuthRule.BanSenderNotJoined, false, v => new AuthRoom(v).TryMember(Out, User, "ban")),
        new("ban", AuthRule.BanAllowed, true, v => new AuthRoom(v).TryMember(Mod, User, "ban")),
        new("ban of one outside", AuthRule.BanAllowed, true, v => new AuthRoom(v).TryMember(Mod, Out, "ban")),
        new("ban without the level", AuthRule.BanDenied, false, v => new AuthRoom(v).TryMember(User, Out, "ban")),
        new("ban of an equal", AuthRule.BanDenied, false,
            v => new AuthRoom(v).SetLevels("""{"users":{"@mod:one":50,"@user:one":50}}""").TryMember(Mod, User, "ban")),
        new("ban of oneself", AuthRule.BanDenied, false, v => new AuthRoom(v).TryMember(Mod, Mod, "ban")),
    ];

    private static readonly AuthCase[] Knock =
    [
        new("knock on a public room", AuthRule.KnockJoinRule, false, v => new AuthRoom(v).SetJoinRule("public").TryMember(Out, Out, "knock"))
            { Versions = v => v.Knocking },
        new("knock on a restricted room", AuthRule.KnockJoinRule, false, v => new AuthRoom(v).SetJoinRule("restricted").TryMember(Out, Out, "knock"))
            { Versions = v => v.Knocking },
        new("knock on a knock_restricted room", AuthRule.KnockAllowed, true,
            v => new AuthRoom(v).SetJoinRule("knock_restricted").TryMember(Out, Out, "knock")) { Versions = v => v.KnockRestrictedJoin },
        new("knock on a knock_restricted room before v10", AuthRule.KnockJoinRule, false,
            v => new AuthRoom(v).SetJoinRule("knock_restricted").TryMember(Out, Out, "knock"))
            { Versions = v => v.Knocking && !v.KnockRestrictedJoin },
        new("knock for another", AuthRule.KnockForAnother, false, v => new AuthRoom(v).SetJoinRule("knock").TryMember(Mod, Out, "knock"))
            { Versions = v => v.Knocking },
        new("knock", AuthRule.KnockAllowed, true, v => new AuthRoom(v).SetJoinRule("knock").TryMember(Out, Out, "knock")) { Versions = v => v.Knocking },
        new("knock once more", AuthRule.KnockAllowed, true,
            v => new AuthRoom(v).SetJoinRule("knock").SetMember(Out, "knock").TryMember(Out, Out, "knock")) { Versions = v => v.Knocking },
        new("knock of the invited", AuthRule.KnockDenied, false,
            v => new AuthRoom(v).SetJoinRule("knock").SetMember(Out, "invite").TryMember(Out, Out, "knock")) { Versions = v => v.Knocking },
        new("knock of the banned", AuthRule.KnockDenied, false,
            v => new AuthRoom(v).SetJoinRule("knock").SetMember(Out, "ban").TryMember(Out, Out, "knock")) { Versions = v => v.Knocking },
    ];

    private static AuthResult TryFirstJoin(RoomVersion version, string sender, string target, string create = "{}")
    {
        var room = new AuthRoom(version, create, powerLevels: false);
        return room.Try(room.Event(EventTypes.Member, target, sender, """{"membership":"join"}""") with { PrevEvents = [room.Create.EventId] });
    }

    private static AuthResult TryPublic(RoomVersion version, string[] signedBy, string content)
    {
        var room = new AuthRoom(version).SetJoinRule("public");
        return room.Try(room.Event(EventTypes.Member, Out, Out, content) with { SignedBy = signedBy });
    }

    private static AuthResult TryRestricted(RoomVersion version, string[] signedBy, Action<AuthRoom>? change = null)
    {
        var room = new AuthRoom(version).SetJoinRule("restricted");
        change?.Invoke(room);
        return room.Try(room.Event(EventTypes.Member, Out, Out, Via) with { SignedBy = signedBy });
    }
}
