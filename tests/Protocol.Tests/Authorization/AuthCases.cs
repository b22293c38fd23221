using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using static OrleansMatrix.Protocol.Tests.Authorization.AuthRoom;

namespace OrleansMatrix.Protocol.Tests.Authorization;

/// <summary>The rules one by one: creation, the auth events, who may send what, redactions.</summary>
internal static class AuthCases
{
    public static IEnumerable<AuthCase> All => [.. Create, .. AuthEvents, .. Other, .. MemberCases.All, .. PowerLevelCases.All];

    private static readonly AuthCase[] Create =
    [
        new("create with prev events", AuthRule.CreateHasPrevEvents, false, v => TryCreate(v, p => p with { PrevEvents = ["$x:one"] })),
        new("create of another domain", AuthRule.CreateRoomIdDomain, false, v => TryCreate(v, p => p with { RoomId = "!room:two" }))
            { Versions = v => !v.RoomIdIsCreateHash },
        new("create with a room id", AuthRule.CreateHasRoomId, false, v => TryCreate(v, p => p with { RoomId = "!room:one" }))
            { Versions = v => v.RoomIdIsCreateHash },
        new("create of an unknown version", AuthRule.CreateUnknownVersion, false,
            v => TryCreate(v, p => p with { Content = """{"creator":"@creator:one","room_version":"org.example.no"}""" })),
        new("create of version 1 as a number", AuthRule.CreateUnknownVersion, false,
            v => TryCreate(v, p => p with { Content = """{"creator":"@creator:one","room_version":1}""" })),
        new("create without creator", AuthRule.CreateWithoutCreator, false, v => TryCreate(v, p => p with { Content = "{}" }))
            { Versions = v => !v.CreatorIsSender },
        new("create without creator from v11", AuthRule.CreateAllowed, true, v => TryCreate(v, p => p with { Content = "{}" }))
            { Versions = v => v.CreatorIsSender },
        new("additional creator that is no user id", AuthRule.CreateAdditionalCreators, false,
            v => TryCreate(v, p => p with { Content = """{"additional_creators":["@a:one","b"]}""" }))
            { Versions = v => v.PrivilegedCreators },
        new("additional creators that are no list", AuthRule.CreateAdditionalCreators, false,
            v => TryCreate(v, p => p with { Content = """{"additional_creators":{}}""" })) { Versions = v => v.PrivilegedCreators },
        new("additional creators mean nothing before v12", AuthRule.CreateAllowed, true,
            v => TryCreate(v, p => p with { Content = """{"creator":"@creator:one","additional_creators":{}}""" }))
            { Versions = v => !v.PrivilegedCreators },
        new("create", AuthRule.CreateAllowed, true, v => TryCreate(v, p => p)),
    ];

    private static readonly AuthCase[] AuthEvents =
    [
        new("room id of another create event", AuthRule.RoomIdIsNotCreate, false,
            v => new AuthRoom(v).Try(new AuthRoom(v).Event("m.x", null, User, "{}") with { RoomId = "!other" }))
            { Versions = v => v.RoomIdIsCreateHash },
        new("no accepted create event", AuthRule.RoomIdIsNotCreate, false,
            v => AuthRules.Check(v, new AuthRoom(v).Event("m.x", null, User, "{}").Build(), new AuthState(v)))
            { Versions = v => v.RoomIdIsCreateHash },
        new("no create event in the state", AuthRule.AuthEventsWithoutCreate, false,
            v => AuthRules.Check(v, new AuthRoom(v).Event("m.x", null, User, "{}").Build(), new AuthState(v)))
            { Versions = v => !v.RoomIdIsCreateHash },
        new("the same auth event twice", AuthRule.AuthEventsDuplicate, false, v => TryAuthEvents(v, (r, a) => [.. a, a[^1]])),
        new("two auth events of one place", AuthRule.AuthEventsDuplicate, false,
            v => TryAuthEvents(v, (r, a) => [.. a, r.Event(EventTypes.PowerLevels, "", Creator, "{}").Build()])),
        new("an auth event too many", AuthRule.AuthEventsUnexpected, false,
            v => TryAuthEvents(v, (r, a) => [.. a, r.State.Get(EventTypes.Member, Mod)!])),
        new("an auth event that is no state event", AuthRule.AuthEventsUnexpected, false,
            v => TryAuthEvents(v, (r, a) => [.. a, r.Event(EventTypes.PowerLevels, null, Creator, "{}").Build()])),
        new("the create event among the auth events in v12", AuthRule.AuthEventsUnexpected, false,
            v => TryAuthEvents(v, (r, a) => [.. a, r.Create])) { Versions = v => !v.CreateInAuthEvents },
        new("a rejected auth event", AuthRule.AuthEventsRejected, false, v => TryAuthEvents(v, (r, a) => a, rejected: true)),
        new("no create event among the auth events", AuthRule.AuthEventsWithoutCreate, false,
            v => TryAuthEvents(v, (r, a) => a.Where(e => e.Type != EventTypes.Create))) { Versions = v => v.CreateInAuthEvents },
        new("an auth event of another room", AuthRule.AuthEventsOtherRoom, false, v => TryAuthEvents(
            v, (r, a) => [.. a.Where(e => e.Type != EventTypes.Member),
                (r.Event(EventTypes.Member, User, User, """{"membership":"join"}""") with { RoomId = "!other:one" }).Build()])),
        new("the right auth events", AuthRule.Allowed, true, v => TryAuthEvents(v, (r, a) => a)),
    ];

    private static readonly AuthCase[] Other =
    [
        new("unfederated room, other server", AuthRule.NotFederated, false,
            v => Unfederated(v).SetMember(Out, "join").Try("m.x", null, Out, "{}")),
        new("unfederated room, own server", AuthRule.Allowed, true, v => Unfederated(v).Try("m.x", null, User, "{}")),
        new("m.federate that is no boolean", AuthRule.Allowed, true,
            v => new AuthRoom(v, """{"creator":"@creator:one","m.federate":"false"}""").SetMember(Out, "join").Try("m.x", null, Out, "{}")),
        new("aliases without state key", AuthRule.AliasesWithoutStateKey, false,
            v => new AuthRoom(v).Try(EventTypes.Aliases, null, User, "{}")) { Versions = v => v.SpecialCaseAliasesAuth },
        new("aliases of another server", AuthRule.AliasesDomain, false, v => new AuthRoom(v).Try(EventTypes.Aliases, "two", User, "{}"))
            { Versions = v => v.SpecialCaseAliasesAuth },
        new("aliases of a server that is not in the room", AuthRule.AliasesAllowed, true,
            v => new AuthRoom(v).Try(EventTypes.Aliases, "two", Out, "{}")) { Versions = v => v.SpecialCaseAliasesAuth },
        new("aliases are ordinary state from v6", AuthRule.RequiredLevel, false,
            v => new AuthRoom(v).Try(EventTypes.Aliases, "one", User, "{}")) { Versions = v => !v.SpecialCaseAliasesAuth },
        new("sender not in the room", AuthRule.SenderNotJoined, false, v => new AuthRoom(v).Try("m.x", null, Out, "{}")),
        new("sender invited", AuthRule.SenderNotJoined, false, v => new AuthRoom(v).SetMember(Out, "invite").Try("m.x", null, Out, "{}")),
        new("sender banned", AuthRule.SenderNotJoined, false, v => new AuthRoom(v).SetMember(Mod, "ban").Try("m.x", null, Mod, "{}")),
        new("third-party invite", AuthRule.ThirdPartyInviteLevel, true,
            v => new AuthRoom(v).Try(EventTypes.ThirdPartyInvite, "token", User, "{}")),
        new("third-party invite without the level", AuthRule.ThirdPartyInviteLevel, false,
            v => Levels(v, """ "invite":10 """).Try(EventTypes.ThirdPartyInvite, "token", User, "{}")),
        new("state without the level", AuthRule.RequiredLevel, false, v => new AuthRoom(v).Try("m.room.topic", "", User, "{}")),
        new("state with the level", AuthRule.Allowed, true, v => new AuthRoom(v).Try("m.room.topic", "", Mod, "{}")),
        new("message below events_default", AuthRule.RequiredLevel, false, v => Levels(v, """ "events_default":1 """).Try("m.x", null, User, "{}")),
        new("message below its own level", AuthRule.RequiredLevel, false,
            v => Levels(v, """ "events":{"m.x":1} """).Try("m.x", null, User, "{}")),
        new("state allowed by its own level", AuthRule.Allowed, true,
            v => Levels(v, """ "events":{"m.room.topic":0} """).Try("m.room.topic", "", User, "{}")),
        new("state in a room without power levels", AuthRule.RequiredLevel, false,
            v => new AuthRoom(v, powerLevels: false).Try("m.room.topic", "", User, "{}")),
        new("state by the creator of a room without power levels", AuthRule.Allowed, true,
            v => new AuthRoom(v, powerLevels: false).Try("m.room.topic", "", Creator, "{}")),
        new("message in a room without power levels", AuthRule.Allowed, true,
            v => new AuthRoom(v, powerLevels: false).Try("m.x", null, User, "{}")),
        new("level far above everyone stops the creator before v12", AuthRule.RequiredLevel, false,
            v => Levels(v, """ "events":{"m.room.topic":9007199254740991} """).Try("m.room.topic", "", Creator, "{}"))
            { Versions = v => !v.PrivilegedCreators },
        new("no level stops a creator in v12", AuthRule.Allowed, true,
            v => Levels(v, """ "events":{"m.room.topic":9007199254740991} """).Try("m.room.topic", "", Creator, "{}"))
            { Versions = v => v.PrivilegedCreators },
        new("no level stops an additional creator in v12", AuthRule.Allowed, true,
            v => new AuthRoom(v, """{"additional_creators":["@user:one"]}""").SetLevels("""{"state_default":9007199254740991}""")
                .Try("m.room.topic", "", User, "{}")) { Versions = v => v.PrivilegedCreators },
        new("state key of another user", AuthRule.StateKeyOfAnother, false, v => new AuthRoom(v).Try("m.x", User, Mod, "{}")),
        new("state key of the sender", AuthRule.Allowed, true, v => new AuthRoom(v).Try("m.x", Mod, Mod, "{}")),
        new("redaction by level", AuthRule.RedactionLevel, true, v => TryRedaction(v, Mod, "$x:two")) { Versions = v => v.RedactionsInAuthRules },
        new("redaction within a server", AuthRule.RedactionSameDomain, true, v => TryRedaction(v, User, "$x:one"))
            { Versions = v => v.RedactionsInAuthRules },
        new("redaction of another server's event", AuthRule.RedactionDenied, false, v => TryRedaction(v, User, "$x:two"))
            { Versions = v => v.RedactionsInAuthRules },
        new("redaction of nothing", AuthRule.RedactionDenied, false, v => TryRedaction(v, User, null))
            { Versions = v => v.RedactionsInAuthRules },
        new("redactions are not judged from v3", AuthRule.Allowed, true, v => TryRedaction(v, User, "$x:two"))
            { Versions = v => !v.RedactionsInAuthRules },
        new("message", AuthRule.Allowed, true, v => new AuthRoom(v).Try("m.room.message", null, User, "{}")),
    ];

    private static AuthResult TryCreate(RoomVersion version, Func<TestPdu, TestPdu> change)
    {
        var pdu = new TestPdu(version, "$create:one", EventTypes.Create, Creator, "", """{"creator":"@creator:one"}""")
        {
            RoomId = version.RoomIdIsCreateHash ? null : "!room:one",
        };
        return AuthRules.Check(version, change(pdu).Build(), new AuthState(version));
    }

    private static AuthResult TryAuthEvents(RoomVersion version, Func<AuthRoom, Pdu[], IEnumerable<Pdu>> change, bool rejected = false)
    {
        var room = new AuthRoom(version);
        var pdu = room.Event("m.room.message", null, User, "{}").Build();
        Pdu[] right = [.. AuthTypes.For(version, pdu).Select(k => room.State.Get(k.Type, k.Key)).OfType<Pdu>()];
        return AuthRules.CheckAuthEvents(version, pdu, [.. change(room, right).Select(e => new AuthEvent(e, rejected))]);
    }

    private static AuthRoom Unfederated(RoomVersion version) => new(version, """{"creator":"@creator:one","m.federate":false}""");

    private static AuthRoom Levels(RoomVersion version, string more) => new AuthRoom(version).SetLevels($"{{{more}}}");

    private static AuthResult TryRedaction(RoomVersion version, string sender, string? redacts)
    {
        var room = new AuthRoom(version);
        return room.Try(room.Event(EventTypes.Redaction, null, sender, "{}") with { Redacts = redacts });
    }
}
