using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.RoomVersions;
using static OrleansMatrix.Protocol.Tests.Authorization.AuthRoom;

namespace OrleansMatrix.Protocol.Tests.Authorization;

/// <summary>The rule for <c>m.room.power_levels</c>, step by step.</summary>
internal static class PowerLevelCases
{
    private static readonly string[] s_numbers = ["users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"];

    public static IEnumerable<AuthCase> All => [.. Shape, .. Numbers, .. Entries, .. Users];

    private static readonly AuthCase[] Shape =
    [
        new("a level that is a string, from v10", AuthRule.PowerLevelsNumbers, false, v => Change(v, """ "ban":"50" """))
            { Versions = v => v.IntegerPowerLevels },
        new("a level that is a string, before v10", AuthRule.PowerLevelsAllowed, true, v => Change(v, """ "ban":" +050 " """))
            { Versions = v => !v.IntegerPowerLevels },
        new("a level that is a float, before v6", AuthRule.PowerLevelsAllowed, true, v => Change(v, """ "ban":50.9 """))
            { Versions = v => v.FloatPowerLevels },
        new("a level that is a word, before v10", AuthRule.PowerLevelsUsers, false, v => Change(v, """ "ban":"high" """))
            { Versions = v => !v.IntegerPowerLevels },
        new("events that is no object, before v10", AuthRule.PowerLevelsUsers, false, v => Change(v, """ "events":[] """))
            { Versions = v => !v.IntegerPowerLevels },
        new("notifications that is no object, before v6", AuthRule.PowerLevelsAllowed, true, v => Change(v, """ "notifications":[] """))
            { Versions = v => !v.LimitNotificationsPowerLevels },
        new("first power levels with what is no level, before v10", AuthRule.PowerLevelsFirst, true,
            v => new AuthRoom(v, powerLevels: false).TryLevels(Creator, """{"ban":"high","events":[],"notifications":7,"users":{"@mod:one":50}}"""))
            { Versions = v => !v.IntegerPowerLevels },
        new("first power levels with users that is no object, before v10", AuthRule.PowerLevelsUsers, false,
            v => new AuthRoom(v, powerLevels: false).TryLevels(Creator, """{"users":[]}""")) { Versions = v => !v.IntegerPowerLevels },
        new("first power levels with what is no level, from v10", AuthRule.PowerLevelsNumbers, false,
            v => new AuthRoom(v, powerLevels: false).TryLevels(Creator, """{"ban":"high"}""")) { Versions = v => v.IntegerPowerLevels },
        new("a level that is null, from v10", AuthRule.PowerLevelsNumbers, false, v => Change(v, """ "invite":null """))
            { Versions = v => v.IntegerPowerLevels },
        new("events that is no object, from v10", AuthRule.PowerLevelsMaps, false, v => Change(v, """ "events":[] """))
            { Versions = v => v.IntegerPowerLevels },
        new("notifications with a string, from v10", AuthRule.PowerLevelsMaps, false, v => Change(v, """ "notifications":{"room":"50"} """))
            { Versions = v => v.IntegerPowerLevels },
        new("users that is no object", AuthRule.PowerLevelsUsers, false, v => new AuthRoom(v).TryLevels(Mod, """{"users":[]}""")),
        new("users with a key that is no user id", AuthRule.PowerLevelsUsers, false, v => new AuthRoom(v).TryLevels(Mod, """{"users":{"mod":0}}""")),
        new("users with a level that is no number", AuthRule.PowerLevelsUsers, false, v => new AuthRoom(v).TryLevels(Mod, """{"users":{"@a:b":{}}}""")),
        new("users with a string, from v10", AuthRule.PowerLevelsUsers, false, v => new AuthRoom(v).TryLevels(Mod, """{"users":{"@a:b":"0"}}"""))
            { Versions = v => v.IntegerPowerLevels },
        new("users with the creator, v12", AuthRule.PowerLevelsNameCreator, false,
            v => new AuthRoom(v).TryLevels(Creator, """{"users":{"@creator:one":100}}""")) { Versions = v => v.PrivilegedCreators },
        new("users with an additional creator, v12", AuthRule.PowerLevelsNameCreator, false,
            v => new AuthRoom(v, """{"additional_creators":["@more:one"]}""").TryLevels(Creator, """{"users":{"@more:one":1}}"""))
            { Versions = v => v.PrivilegedCreators },
        new("the first power levels", AuthRule.PowerLevelsFirst, true,
            v => new AuthRoom(v, powerLevels: false).TryLevels(Creator, """{"users":{"@mod:one":9007199254740991}}""")),
        new("the first power levels by one without power", AuthRule.RequiredLevel, false,
            v => new AuthRoom(v, powerLevels: false).TryLevels(User, "{}")),
        new("no change", AuthRule.PowerLevelsAllowed, true, v => Change(v, """ "x":1 """)),
    ];

    private static readonly AuthCase[] Numbers =
    [
        .. s_numbers.Select(n => new AuthCase($"{n} lowered from above", AuthRule.PowerLevelsAlteredFromAbove, false,
            v => new AuthRoom(v).SetLevels($$"""{"{{n}}":60,"users":{"@mod:one":50},"events":{"m.room.power_levels":0} }""")
                .TryLevels(Mod, $$"""{"{{n}}":40,"users":{"@mod:one":50},"events":{"m.room.power_levels":0} }"""))),
        .. s_numbers.Select(n => new AuthCase($"{n} removed from above", AuthRule.PowerLevelsAlteredFromAbove, false,
            v => new AuthRoom(v).SetLevels($$"""{"{{n}}":60,"users":{"@mod:one":50},"events":{"m.room.power_levels":0} }""")
                .TryLevels(Mod, """{"users":{"@mod:one":50},"events":{"m.room.power_levels":0} }"""))),
        .. s_numbers.Select(n => new AuthCase($"{n} raised to above", AuthRule.PowerLevelsAlteredToAbove, false,
            v => new AuthRoom(v).SetLevels($$"""{"{{n}}":40,"users":{"@mod:one":50},"events":{"m.room.power_levels":0} }""")
                .TryLevels(Mod, $$"""{"{{n}}":51,"users":{"@mod:one":50},"events":{"m.room.power_levels":0} }"""))),
        .. s_numbers.Select(n => new AuthCase($"{n} added above", AuthRule.PowerLevelsAlteredToAbove, false,
            v => new AuthRoom(v).SetLevels("""{"users":{"@mod:one":50},"events":{"m.room.power_levels":0} }""")
                .TryLevels(Mod, $$"""{"{{n}}":51,"users":{"@mod:one":50},"events":{"m.room.power_levels":0} }"""))),
        new("a level changed to the sender's", AuthRule.PowerLevelsAllowed, true, v => Change(v, """ "invite":50 """)),
        new("a level above left alone", AuthRule.PowerLevelsAllowed, true,
            v => new AuthRoom(v).SetLevels("""{"ban":90,"users":{"@mod:one":50}}""").TryLevels(Mod, """{"ban":90,"kick":10,"users":{"@mod:one":50}}""")),
        new("any level by a creator, v12", AuthRule.PowerLevelsAllowed, true,
            v => new AuthRoom(v).SetLevels("""{"ban":9007199254740991}""").TryLevels(Creator, """{"ban":0,"kick":9007199254740991}"""))
            { Versions = v => v.PrivilegedCreators },
    ];

    private static readonly AuthCase[] Entries =
    [
        new("event lowered from above", AuthRule.PowerLevelsEventFromAbove, false, v => Map(v, "events", """{"m.x":60}""", """{"m.x":10}""")),
        new("event removed from above", AuthRule.PowerLevelsEventFromAbove, false, v => Map(v, "events", """{"m.x":60}""", "{}")),
        new("event raised to above", AuthRule.PowerLevelsEventToAbove, false, v => Map(v, "events", """{"m.x":10}""", """{"m.x":60}""")),
        new("event added above", AuthRule.PowerLevelsEventToAbove, false, v => Map(v, "events", "{}", """{"m.x":60}""")),
        new("event above left alone", AuthRule.PowerLevelsAllowed, true, v => Map(v, "events", """{"m.x":60}""", """{"m.x":60,"m.y":50}""")),
        new("notification lowered from above", AuthRule.PowerLevelsEventFromAbove, false,
            v => Map(v, "notifications", """{"room":60}""", """{"room":10}""")) { Versions = v => v.LimitNotificationsPowerLevels },
        new("notification added above", AuthRule.PowerLevelsEventToAbove, false, v => Map(v, "notifications", "{}", """{"room":60}"""))
            { Versions = v => v.LimitNotificationsPowerLevels },
        new("notification raised before v6", AuthRule.PowerLevelsAllowed, true, v => Map(v, "notifications", "{}", """{"room":60}"""))
            { Versions = v => !v.LimitNotificationsPowerLevels },
    ];

    private static readonly AuthCase[] Users =
    [
        new("equal demoted", AuthRule.PowerLevelsUserFromAbove, false,
            v => Map(v, "users", """{"@mod:one":50,"@user:one":50}""", """{"@mod:one":50,"@user:one":0}""")),
        new("equal removed", AuthRule.PowerLevelsUserFromAbove, false, v => Map(v, "users", """{"@mod:one":50,"@user:one":50}""", """{"@mod:one":50}""")),
        new("superior demoted", AuthRule.PowerLevelsUserFromAbove, false,
            v => Map(v, "users", """{"@mod:one":50,"@user:one":60}""", """{"@mod:one":50,"@user:one":55}""")),
        new("user raised to above", AuthRule.PowerLevelsUserToAbove, false,
            v => Map(v, "users", """{"@mod:one":50,"@user:one":10}""", """{"@mod:one":50,"@user:one":51}""")),
        new("user added above", AuthRule.PowerLevelsUserToAbove, false, v => Map(v, "users", """{"@mod:one":50}""", """{"@mod:one":50,"@user:one":51}""")),
        new("oneself raised", AuthRule.PowerLevelsUserToAbove, false, v => Map(v, "users", """{"@mod:one":50}""", """{"@mod:one":51}""")),
        new("oneself demoted", AuthRule.PowerLevelsAllowed, true, v => Map(v, "users", """{"@mod:one":50}""", """{"@mod:one":1}""")),
        new("oneself removed", AuthRule.PowerLevelsAllowed, true, v => Map(v, "users", """{"@mod:one":50}""", "{}")),
        new("user raised to the sender's level", AuthRule.PowerLevelsAllowed, true,
            v => Map(v, "users", """{"@mod:one":50,"@user:one":49}""", """{"@mod:one":50,"@user:one":50}""")),
    ];

    private static AuthResult Change(RoomVersion version, string change)
    {
        var name = change.Split('"')[1];
        var rest = string.Join(',', Rest.Split(',').Where(p => !p.Contains($"\"{name}\"", StringComparison.Ordinal)));
        var room = new AuthRoom(version);
        return room.TryLevels(Mod, $"{{{rest},{change},\"users\":{{{room.CreatorLevel}\"{Mod}\":50}}}}");
    }

    private static AuthResult Map(RoomVersion version, string name, string before, string after)
    {
        var room = new AuthRoom(version);
        var users = name == "users" ? "" : ",\"users\":{\"@mod:one\":50}";
        return room.SetLevels($"{{\"{name}\":{before}{users}}}").TryLevels(Mod, $"{{\"{name}\":{after}{users}}}");
    }
}
