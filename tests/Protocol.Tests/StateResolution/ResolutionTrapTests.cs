using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.StateResolution;
using OrleansMatrix.Protocol.Tests.Authorization;
using State = System.Collections.Generic.Dictionary<OrleansMatrix.Protocol.Authorization.StateKey, string>;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

/// <summary>Rooms made by hand around the places where resolutions go wrong. Each is also held against the slow transcription.</summary>
public class ResolutionTrapTests
{
    private const string Admin = "@admin:one";
    private const string Mod = "@mod:two";
    private const string Bob = "@bob:two";
    private const string Evil = "@evil:bad";
    private static readonly StateKey s_levels = new(EventTypes.PowerLevels, "");
    private static readonly StateKey s_topic = new("m.room.topic", "");
    private static readonly StateKey s_rule = new(EventTypes.JoinRules, "");

    public static TheoryData<string> V2AndLater => [.. RoomVersion.All.Skip(1).Select(v => v.Id)];

    [Theory]
    [MemberData(nameof(V2AndLater))]
    public void A_demotion_takes_effect_before_what_the_demoted_did_at_the_same_time(string versionId)
    {
        var (room, start) = Room(versionId);
        var demoted = Levels(room, start, "demote", SimRoom.Creator, $"\"{Admin}\":100", ts: 2000);
        // The moderator acted earlier by the clock, but with less power.
        var topic = room.Send(start, "topic", "m.room.topic", "", Mod, """{"topic":"mine"}""", ts: 1500);
        var resolved = Resolve(room, demoted, topic);
        Assert.Equal("$demote", resolved[s_levels]);
        Assert.False(resolved.ContainsKey(s_topic));
    }

    [Theory]
    [MemberData(nameof(V2AndLater))]
    public void Of_two_changes_of_power_levels_that_of_the_more_powerful_goes_first(string versionId)
    {
        var (room, start) = Room(versionId);
        var byMod = room.Send(
            start, "by-mod", EventTypes.PowerLevels, "", Mod, $$"""{"users":{{{room.Users($"\"{Admin}\":100,\"{Mod}\":50,\"{Bob}\":50")}}} }""", ts: 1);
        var byAdmin = room.Send(start, "by-admin", EventTypes.PowerLevels, "", Admin, $$"""{"users":{{{room.Users($"\"{Admin}\":100")}}} }""", ts: 9);
        Assert.Equal("$by-admin", Resolve(room, byMod, byAdmin)[s_levels]);
        // The same sender's changes go by time and both apply, the later one last.
        var first = Levels(room, start, "first", Admin, $"\"{Admin}\":100,\"{Bob}\":10", ts: 5);
        var second = Levels(room, start, "second", Admin, $"\"{Admin}\":100,\"{Bob}\":20", ts: 6);
        Assert.Equal("$second", Resolve(room, second, first)[s_levels]);
        // With equal times the id decides.
        var a = Levels(room, start, "aaa", Admin, $"\"{Admin}\":100,\"{Bob}\":10", ts: 5);
        var b = Levels(room, start, "bbb", Admin, $"\"{Admin}\":100,\"{Bob}\":20", ts: 5);
        Assert.Equal("$bbb", Resolve(room, b, a)[s_levels]);
    }

    [Theory]
    [MemberData(nameof(V2AndLater))]
    public void A_ban_beats_a_join_whichever_was_seen_first(string versionId)
    {
        var (room, start) = Room(versionId);
        var key = new StateKey(EventTypes.Member, Evil);
        var invited = room.Member(start, "invite", Evil, "invite", Admin);
        var joined = room.Member(invited, "join", Evil, "join", ts: 9000);
        var banned = room.Member(invited, "ban", Evil, "ban", Admin, ts: 10);
        Assert.Equal("$ban", Resolve(room, joined, banned)[key]);
        Assert.Equal("$ban", Resolve(room, banned, joined)[key]);
        // What the banned did meanwhile is undone, but for what was there before the fork.
        var spoken = room.Send(joined, "name", "org.example.mine", Evil, Evil, "{}", expectAllowed: false);
        Assert.False(Resolve(room, spoken, banned).ContainsKey(new StateKey("org.example.mine", Evil)));
    }

    [Theory]
    [MemberData(nameof(V2AndLater))]
    public void A_room_made_private_keeps_out_those_who_join_the_fork_that_did_not_see_it(string versionId)
    {
        var (room, start) = Room(versionId);
        var closed = room.Send(start, "close", EventTypes.JoinRules, "", Admin, """{"join_rule":"invite"}""", ts: 2000);
        var joined = room.Member(start, "join", Evil, "join");
        var resolved = Resolve(room, closed, joined);
        Assert.Equal("$close", resolved[s_rule]);
        Assert.False(resolved.ContainsKey(new StateKey(EventTypes.Member, Evil)));
    }

    // ADR 0114. The admin's second join rule is authorised by a new profile, which all states have and which is authorised by the moderator's rule.
    [Theory]
    [MemberData(nameof(V2AndLater))]
    public void Power_events_are_ordered_by_the_auth_edges_between_conflicted_events_only(string versionId)
    {
        RoomVersion.TryGet(versionId, out var version);
        var room = new SimRoom(version!);
        var joined = room.Member(room.Start($"\"{Mod}\":50"), "mod", Mod, "join");
        var byMod = room.Send(joined, "by-mod", EventTypes.JoinRules, "", Mod, """{"join_rule":"public","n":1}""", ts: 7000);
        var renamed = room.Send(byMod, "renamed", EventTypes.Member, SimRoom.Creator, SimRoom.Creator, """{"membership":"join","displayname":"A"}""", ts: 8000);
        var byAdmin = room.Send(renamed, "by-admin", EventTypes.JoinRules, "", SimRoom.Creator, """{"join_rule":"invite"}""", ts: 9000);
        var bob = room.Member(renamed, "bob", Bob, "join", ts: 10_000);

        var resolved = Resolve(room, bob, byAdmin);

        // From v12 on the profile is in the conflicted subgraph, and so the edges through it count.
        var isV21 = version!.StateResolution == StateResolutionAlgorithm.V21;
        Assert.Equal(isV21 ? "$by-admin" : "$by-mod", resolved[s_rule]);
        Assert.Equal(isV21 ? null : "$bob", resolved.GetValueOrDefault(new StateKey(EventTypes.Member, Bob)));
    }

    [Theory]
    [MemberData(nameof(V2AndLater))]
    public void Events_of_one_mainline_position_go_by_time_and_then_by_id(string versionId)
    {
        var (room, start) = Room(versionId);
        var early = room.Send(start, "b", "m.room.topic", "", Admin, """{"topic":"b"}""", ts: 1);
        var late = room.Send(start, "a", "m.room.topic", "", Mod, """{"topic":"a"}""", ts: 2);
        var tie = room.Send(start, "c", "m.room.topic", "", Mod, """{"topic":"c"}""", ts: 2);
        Assert.Equal("$a", Resolve(room, early, late)[s_topic]);
        Assert.Equal("$c", Resolve(room, late, tie)[s_topic]);
        Assert.Equal("$c", Resolve(room, tie, early, late)[s_topic]);
    }

    [Theory]
    [MemberData(nameof(V2AndLater))]
    public void Events_of_a_later_mainline_position_win_whatever_their_clock_says(string versionId)
    {
        var (room, start) = Room(versionId);
        var old = room.Send(start, "old", "m.room.topic", "", Mod, """{"topic":"old"}""", ts: 999_999);
        var changed = Levels(room, start, "levels2", Admin, $"\"{Admin}\":100,\"{Mod}\":50,\"{Bob}\":1");
        var @new = room.Send(changed, "new", "m.room.topic", "", Mod, """{"topic":"new"}""", ts: 1);
        Assert.Equal("$new", Resolve(room, old, @new)[s_topic]);
    }

    // MSC4297, the first shape: a conflicted event is judged against unconflicted state that is younger than it.
    [Fact]
    public void V2_resets_a_member_who_joined_before_the_room_was_closed_and_v21_does_not()
    {
        Assert.False(Play(RoomVersion.V11).ContainsKey(new StateKey(EventTypes.Member, Bob)));
        Assert.Equal("$bob", Play(RoomVersion.V12)[new StateKey(EventTypes.Member, Bob)]);

        static State Play(RoomVersion version)
        {
            var room = new SimRoom(version);
            // The other member's join makes the old join rule a part of every auth chain.
            var start = room.Member(room.Start(), "admin", Admin, "join");
            var joined = room.Member(start, "bob", Bob, "join");
            // All servers saw the room being closed; one never got the member.
            var closed = room.Send(joined, "close", EventTypes.JoinRules, "", SimRoom.Creator, """{"join_rule":"invite"}""");
            var without = new State(closed);
            without.Remove(new StateKey(EventTypes.Member, Bob));
            return Resolve(room, closed, without);
        }
    }

    // MSC4297, the second shape: what lies between two conflicted events is in all auth chains and so is not replayed.
    [Fact]
    public void V2_falls_back_to_old_power_levels_and_v21_does_not()
    {
        Assert.Equal("$levels", Play(RoomVersion.V11)[s_levels]);
        Assert.Equal("$levels3", Play(RoomVersion.V12)[s_levels]);

        static State Play(RoomVersion version)
        {
            var room = new SimRoom(version);
            var start = room.Member(room.Start(), "bob", Bob, "join");
            var second = room.Send(start, "levels2", EventTypes.PowerLevels, "", SimRoom.Creator, $$"""{"users":{{{room.Users($"\"{Bob}\":100")}}} }""");
            var named = room.Send(second, "name", "m.room.name", "", Bob, """{"name":"x"}""");
            var third = room.Send(named, "levels3", EventTypes.PowerLevels, "", Bob, $$"""{"users":{{{room.Users($"\"{Bob}\":100")}}},"kick":60}""");
            // A server sends the first levels as current state. The name, which all have, is allowed by the second ones.
            var stale = new State(third) { [s_levels] = "$levels" };
            return Resolve(room, third, stale);
        }
    }

    [Fact]
    public void A_rejected_auth_event_does_not_stand_in_for_state_that_is_missing()
    {
        var room = new SimRoom(RoomVersion.V11);
        var start = room.Start();
        // Nothing but the rejected auth event says that the sender is in the room.
        room.Add(new TestPdu(RoomVersion.V11, "$bad", EventTypes.Member, Bob, Bob, """{"membership":"join"}""")
        {
            RoomId = room.RoomId,
            AuthEvents = ["$create", "$levels", "$public"],
            PrevEvents = ["$x"],
        }, isRejected: true);
        room.Add(new TestPdu(RoomVersion.V11, "$mine", "org.example", Bob, Bob, "{}")
        {
            RoomId = room.RoomId,
            AuthEvents = ["$create", "$levels", "$bad"],
            PrevEvents = ["$x"],
        });
        var lie = new State(start) { [new StateKey("org.example", Bob)] = "$mine" };
        Assert.False(Resolve(room, start, lie).ContainsKey(new StateKey("org.example", Bob)));
    }

    [Fact]
    public void An_event_rejected_by_the_state_before_it_takes_part_like_any_other()
    {
        var room = new SimRoom(RoomVersion.V11);
        var start = room.Member(room.Start($"\"{Mod}\":50"), "mod", Mod, "join");
        room.Add(new TestPdu(RoomVersion.V11, "$topic", "m.room.topic", Mod, "", "{}")
        {
            RoomId = room.RoomId,
            AuthEvents = ["$create", "$levels", "$mod"],
            PrevEvents = ["$x"],
        }, isRejected: true);
        Assert.Equal("$topic", Resolve(room, start, new State(start) { [s_topic] = "$topic" })[s_topic]);
    }

    [Fact]
    public void Auth_events_that_nobody_has_are_left_out()
    {
        foreach (var generations in new[] { true, false })
        {
            var room = new SimRoom(RoomVersion.V11) { HasGenerations = generations };
            var start = room.Start();
            room.Add(new TestPdu(RoomVersion.V11, "$t1", "m.room.topic", SimRoom.Creator, "", "{}")
            {
                RoomId = room.RoomId,
                AuthEvents = ["$create", "$levels", "$creator", "$nowhere"],
                PrevEvents = ["$x"],
            });
            var topic = new State(start) { [s_topic] = "$t1" };
            Assert.Equal("$t1", room.Resolve(start, topic)[s_topic]);
            Assert.False(room.Resolve(start, new State(start) { [s_topic] = "$nobody-has-this" }).ContainsKey(s_topic));
        }
    }

    [Fact]
    public void Cycles_of_auth_events_hold_nothing_up()
    {
        // In v1 and v2 senders choose event ids, so that two events can name each other.
        foreach (var generations in new[] { true, false })
        {
            var room = new SimRoom(RoomVersion.V2) { HasGenerations = generations };
            var start = room.Start();
            for (var i = 0; i < 3; i++)
            {
                room.Add(new TestPdu(RoomVersion.V2, $"$cycle{i}:bad", EventTypes.PowerLevels, SimRoom.Creator, "", """{"users":{"@creator:one":100}}""")
                {
                    RoomId = room.RoomId,
                    AuthEvents = ["$create", "$creator", $"$cycle{(i + 1) % 3}:bad", $"$cycle{i}:bad"],
                    PrevEvents = ["$x"],
                });
            }

            State[] states = [start, new(start) { [s_levels] = "$cycle0:bad" }, new(start) { [s_levels] = "$cycle1:bad" }];
            var resolved = room.Resolve(states);
            Assert.Equal(resolved, room.Resolve(states[2], states[0], states[1]));
            Assert.NotNull(resolved[s_levels]);
        }
    }

    [Fact]
    public void An_event_of_the_auth_difference_fills_a_place_that_no_state_has()
    {
        // A lying server left out both the ban and the member it banned; the unban cites the ban.
        foreach (var version in new[] { RoomVersion.V11, RoomVersion.V12 })
        {
            var room = new SimRoom(version);
            var start = room.Start($"\"{Mod}\":50");
            var joined = room.Member(start, "mod", Mod, "join");
            var topic = room.Send(joined, "topic", "m.room.topic", "", Mod, "{}");
            var lie = new State(topic);
            lie.Remove(new StateKey(EventTypes.Member, Mod));
            var resolved = Resolve(room, lie, start);
            Assert.Equal("$topic", resolved[s_topic]);
            Assert.Equal("$mod", resolved[new StateKey(EventTypes.Member, Mod)]);
        }
    }

    [Fact]
    public async Task A_source_that_takes_its_time_and_one_that_is_cancelled()
    {
        var room = new RandomRoom(7, RoomVersion.V12).Play(30);
        var states = new[] { room.History[10].After, room.History[^1].After };
        var expected = room.Room.Resolve(out var source, states);
        var conflicts = states[0].Keys.Union(states[1].Keys).Where(k => !source.Unconflicted.ContainsKey(k))
            .Select(k => new ConflictedKey(k, [states[0].GetValueOrDefault(k), states[1].GetValueOrDefault(k)])).ToList();
        var slow = new YieldingSource(new SimSource(room.Room, states));
        var changes = await StateResolver.ResolveAsync(RoomVersion.V12, conflicts, slow, TestContext.Current.CancellationToken);
        Assert.NotEmpty(changes);
        Assert.All(changes, c => Assert.Equal(expected.GetValueOrDefault(c.Key), c.Value));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await StateResolver.ResolveAsync(RoomVersion.V12, conflicts, new YieldingSource(new SimSource(room.Room, states)), new CancellationToken(true)));
    }

    private static (SimRoom Room, State Start) Room(string versionId)
    {
        RoomVersion.TryGet(versionId, out var version);
        var room = new SimRoom(version!);
        var state = room.Start($"\"{Admin}\":100,\"{Mod}\":50");
        foreach (var user in new[] { Admin, Mod, Bob })
            state = room.Member(state, user[1..user.IndexOf(':', StringComparison.Ordinal)], user, "join");
        return (room, state);
    }

    private static State Levels(SimRoom room, State before, string name, string sender, string users, long ts = 1000) =>
        room.Send(before, name, EventTypes.PowerLevels, "", sender, $$"""{"users":{{{room.Users(users)}}} }""", ts);

    private static State Resolve(SimRoom room, params State[] states)
    {
        var resolved = room.Resolve(states);
        Assert.Equal(room.ResolveSlowly(states), resolved);
        return resolved;
    }
}
