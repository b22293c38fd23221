using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Events;
using static OrleansMatrix.Grains.Tests.Room.RemoteServer;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>
/// A server whose user was a moderator once puts events beside those that took that away, as if they were made before, with whatever time and depth it claims.
/// The room's state stays what its administrator made it.
/// </summary>
public class StateResetTests
{
    private const string Eve = "@eve:remote";
    private const long Largest = 9_007_199_254_740_991;
    private const int Forks = 30;

    [Theory]
    [InlineData("6")]
    [InlineData("10")]
    [InlineData("11")]
    [InlineData("12")]
    public async Task Forks_from_before_a_demotion_change_nothing(string version)
    {
        await using var silo = await RoomHarness.StartAsync();
        var scene = await SceneAsync(silo, version);
        foreach (var time in new long?[] { null, 0, 1, Largest })
        {
            foreach (var depth in new long?[] { null, 1, Largest })
            {
                foreach (var (type, key, content) in Attacks(version))
                    await AttackAsync(silo, scene, type, key, content, depth, time);
            }
        }

        await HoldsAsync(silo, scene);
    }

    [Theory]
    [InlineData("6")]
    [InlineData("12")]
    public async Task Many_forks_at_once_change_nothing(string version)
    {
        await using var silo = await RoomHarness.StartAsync();
        var scene = await SceneAsync(silo, version);
        var attacks = Attacks(version);
        var tips = new List<string>();
        for (var i = 0; i < Forks; i++)
        {
            var (type, key, content) = attacks[i % attacks.Length];
            var attack = await EventAsync(silo, scene.Room, Zoe, type, key, content, [scene.Fork], scene.AuthOf(type), claimedDepth: Largest, claimedTime: i);
            var tip = await EventAsync(
                silo, scene.Room, Zoe, "m.room.message", null, "{}", [attack.EventId], scene.Auth, claimedDepth: Largest, claimedTime: i);
            await PushAsync(silo, scene.Room, attack, tip);
            tips.Add(tip.EventId);
        }

        // One event that follows as many of them as it may.
        var knot = await EventAsync(silo, scene.Room, Zoe, "m.room.message", null, "{}", [.. tips.Take(Pdu.MaxPrevEvents)], scene.Auth);
        await PushAsync(silo, scene.Room, knot);
        await HoldsAsync(silo, scene);
    }

    [Theory]
    [InlineData("6")]
    [InlineData("12")]
    public async Task A_long_chain_of_events_that_name_each_other_changes_nothing(string version)
    {
        const int Length = 200;
        await using var silo = await RoomHarness.StartAsync();
        var scene = await SceneAsync(silo, version);
        var (previous, member) = (scene.Fork, scene.Member);
        for (var i = 0; i < Length; i++)
        {
            string[] auth = [.. scene.AuthOf(EventTypes.Member).Where(id => id != scene.Member), member];
            var join = await EventAsync(
                silo, scene.Room, Zoe, EventTypes.Member, Zoe, $$"""{"membership":"join","displayname":"{{i}}"}""", [previous], auth, claimedTime: i);
            await PushAsync(silo, scene.Room, join);
            (previous, member) = (join.EventId, join.EventId);
        }

        string[] then = [.. scene.Auth.Where(id => id != scene.Member), member];
        var attack = await EventAsync(silo, scene.Room, Zoe, "m.room.topic", "", """{"topic":"evil"}""", [previous], then);
        var tip = await EventAsync(silo, scene.Room, Zoe, "m.room.message", null, "{}", [attack.EventId], then);
        await PushAsync(silo, scene.Room, attack, tip);
        await HoldsAsync(silo, scene);
    }

    // The event itself may be soft-failed; what follows it is allowed, and brings its state with it.
    private static async Task AttackAsync(RoomHarness silo, Scene scene, string type, string key, string content, long? depth, long? time)
    {
        var attack = await EventAsync(silo, scene.Room, Zoe, type, key, content, [scene.Fork], scene.AuthOf(type), claimedDepth: depth, claimedTime: time);
        var tip = await EventAsync(
            silo, scene.Room, Zoe, "m.room.message", null, "{}", [attack.EventId], scene.Auth, claimedDepth: depth, claimedTime: time);
        var verdicts = (await PushAsync(silo, scene.Room, attack, tip)).Select(v => v.Verdict).ToArray();
        Assert.Equal(PduVerdict.SoftFailed, verdicts[0]);
        Assert.Equal(PduVerdict.Accepted, verdicts[1]);
    }

    private static async Task HoldsAsync(RoomHarness silo, Scene scene)
    {
        Assert.True((await silo.SendAsync(scene.Room, Alice, "still there")).Ok);
        var state = await silo.StateAsync(scene.Room);
        foreach (var (key, id) in scene.State.Where(s => s.Key != (EventTypes.Member, Zoe)))
            Assert.Equal((key, id), (key, state.GetValueOrDefault(key)));
        Assert.Equal(scene.State.Count, state.Count);
    }

    private static (string Type, string Key, string Content)[] Attacks(string version) =>
    [
        ("m.room.topic", "", """{"topic":"evil"}"""),
        ("m.room.name", "", """{"name":"evil"}"""),
        (EventTypes.JoinRules, "", """{"join_rule":"public"}"""),
        (EventTypes.PowerLevels, "", version == "12" ? """{"users":{"@zoe:remote":50,"@eve:remote":50}}"""
            : """{"users":{"@alice:local":100,"@zoe:remote":50,"@eve:remote":50}}"""),
        (EventTypes.Member, Eve, """{"membership":"invite"}"""),
        ("m.room.server_acl", "", """{"allow":["remote"],"deny":["*"]}"""),
    ];

    private static async Task<Scene> SceneAsync(RoomHarness silo, string version)
    {
        var (before, after) = version == "12" ? ("""{"users":{"@zoe:remote":50}}""", """{"users":{}}""")
            : ("""{"users":{"@alice:local":100,"@zoe:remote":50}}""", """{"users":{"@alice:local":100}}""");
        var room = await silo.CreateAsync(version, "public_chat", new StateDraft(EventTypes.PowerLevels, "", Utf8(before)));
        var join = await JoinAsync(silo, room, Zoe);
        var then = await silo.StateAsync(room);
        foreach (var (type, content) in new[]
        {
            ("m.room.topic", """{"topic":"good"}"""), ("m.room.name", """{"name":"good"}"""), (EventTypes.JoinRules, """{"join_rule":"invite"}"""),
            ("m.room.server_acl", """{"allow":["*"]}"""), (EventTypes.PowerLevels, after),
        })
            Assert.True((await silo.SetStateAsync(room, Alice, type, "", content)).Ok);
        Assert.True((await silo.MemberAsync(room, Alice, MembershipAction.Ban, Eve)).Ok);
        string[] auth =
        [
            .. new[] { (EventTypes.Create, ""), (EventTypes.PowerLevels, ""), (EventTypes.Member, Zoe) }
                .Where(k => version != "12" || k.Item1 != EventTypes.Create).Select(k => then[k]),
        ];
        return new Scene(room, join.EventId, then[(EventTypes.Member, Zoe)], auth, then[(EventTypes.JoinRules, "")], await silo.StateAsync(room));
    }

    /// <param name="Fork">The event from which the forks begin.</param>
    /// <param name="Member">The attacker's member event of then.</param>
    /// <param name="Auth">The auth events of then for what is no member event.</param>
    /// <param name="State">The room's state as its administrator made it.</param>
    private sealed record Scene(string Room, string Fork, string Member, string[] Auth, string JoinRules, Dictionary<(string, string), string> State)
    {
        public string[] AuthOf(string type) => type == EventTypes.Member ? [.. Auth, JoinRules] : Auth;
    }
}
