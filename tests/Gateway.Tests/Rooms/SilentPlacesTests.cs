using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Rooms;

/// <summary>Where the specification is silent, and deployed servers agree.</summary>
public sealed class SilentPlacesTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Theory]
    [InlineData("private_chat", 0)]
    [InlineData("trusted_private_chat", 0)]
    [InlineData("public_chat", 50)]
    public async Task Where_anybody_can_join_moderators_invite(string preset, int level)
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync($$"""{"preset":"{{preset}}"}""");
        Assert.Equal(level, (int)(await LevelsAsync(alice, room))["invite"]!);
        room = await alice.CreateRoomAsync($$$"""{"preset":"{{{preset}}}","power_level_content_override":{"invite":7}}""");
        Assert.Equal(7, (int)(await LevelsAsync(alice, room))["invite"]!);
    }

    [Fact]
    public async Task What_no_power_could_allow_is_the_requests_fault()
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync("""{"room_version":"12"}""");
        (await alice.PutAsync($"v3/rooms/{Path(room)}/state/m.room.create", "{}")).Fails(400, "M_INVALID_PARAM");
        (await alice.PutAsync($"v3/rooms/{Path(room)}/send/m.room.create/1", "{}")).Fails(400, "M_INVALID_PARAM");
        var levels = await LevelsAsync(alice, room);
        levels["users"] = new JsonObject { [alice.UserId] = 100 };
        (await alice.PutAsync($"v3/rooms/{Path(room)}/state/m.room.power_levels", levels.ToJsonString())).Fails(400, "M_INVALID_PARAM");
        var creation = new JsonObject { ["power_level_content_override"] = new JsonObject { ["users"] = levels["users"]!.DeepClone() } };
        (await alice.PostAsync("v3/createRoom", creation.ToJsonString())).Fails(400, "M_INVALID_ROOM_STATE");

        var bob = await server.RegisterAsync("bob");
        (await bob.PutAsync($"v3/rooms/{Path(room)}/state/m.room.name", """{"name":"x"}""")).Fails(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task An_event_that_is_not_known_yet_may_be_redacted()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        await bob.JoinAsync(room);
        var path = $"v3/rooms/{Path(room)}/redact/{Path("$" + new string('u', 43))}/1";
        foreach (var user in new[] { alice, bob })
        {
            var redaction = (await user.PutAsync(path, """{"reason":"seen elsewhere"}""")).Ok("event_id");
            Assert.Equal(redaction, (await user.PutAsync(path)).Ok("event_id"));
            Assert.Equal("m.room.redaction", (await bob.GetAsync($"v3/rooms/{Path(room)}/event/{Path(redaction)}")).Ok("type"));
        }

        // Of what is known the answer is as before.
        var said = await alice.SendTextAsync(room, "mine");
        (await bob.PutAsync($"v3/rooms/{Path(room)}/redact/{Path(said)}/2")).Fails(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task A_push_rule_that_is_not_there_is_not_found_whatever_is_asked_of_it()
    {
        var alice = await server.RegisterAsync("alice");
        foreach (var rule in new[] { "override/.m.rule.none", "room/!none:here", "content/none" })
        {
            var path = "v3/pushrules/global/" + rule;
            (await alice.GetAsync(path)).Fails(404, "M_NOT_FOUND");
            (await alice.DeleteAsync(path)).Fails(404, "M_NOT_FOUND");
            (await alice.GetAsync(path + "/enabled")).Fails(404, "M_NOT_FOUND");
            (await alice.PutAsync(path + "/enabled", "{}")).Fails(404, "M_NOT_FOUND");
            (await alice.PutAsync(path + "/actions", "{}")).Fails(404, "M_NOT_FOUND");
        }
    }

    [Fact]
    public async Task A_room_that_names_a_predecessor_when_it_is_made_gets_its_creators_push_rules()
    {
        var alice = await server.RegisterAsync("alice");
        var old = await alice.CreateRoomAsync();
        (await alice.PutAsync($"v3/pushrules/global/room/{Path(old)}", """{"actions":["notify"]}""")).Ok();
        var room = await alice.CreateRoomAsync(new JsonObject
        {
            ["creation_content"] = new JsonObject { ["predecessor"] = new JsonObject { ["room_id"] = old, ["event_id"] = "$" + new string('t', 43) } },
        }.ToJsonString());
        Assert.Equal("notify", (string?)(await alice.GetAsync($"v3/pushrules/global/room/{Path(room)}")).Ok()["actions"]![0]);
        var bad = await alice.CreateRoomAsync("""{"creation_content":{"predecessor":"none"}}""");
        (await alice.GetAsync($"v3/pushrules/global/room/{Path(bad)}")).Fails(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task The_members_at_the_start_of_a_room_are_its_creator()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        var sync = (await alice.GetAsync("""v3/sync?filter={"room":{"timeline":{"limit":100}}}""")).Ok();
        var timeline = sync["rooms"]!["join"]![room]!["timeline"]!;
        Assert.Equal("m.room.create", (string?)timeline["events"]![0]!["type"]);
        await bob.JoinAsync(room);
        foreach (var user in new[] { alice, bob })
        {
            var members = (await user.GetAsync($"v3/rooms/{Path(room)}/members?at={timeline["prev_batch"]}")).Ok()["chunk"]!.AsArray();
            Assert.Equal([alice.UserId], members.Select(e => (string?)e!["state_key"]));
        }
    }

    private static string Path(string id) => Uri.EscapeDataString(id);

    private static async Task<JsonNode> LevelsAsync(TestClient user, string room) =>
        (await user.GetAsync($"v3/rooms/{Path(room)}/state/m.room.power_levels")).Ok();
}
