using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Rooms;

/// <summary>The endpoints that write to rooms: parameters, bodies, status codes and errors.</summary>
public sealed class WritingTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Theory]
    [InlineData("[]", "M_BAD_JSON")]
    [InlineData("{", "M_NOT_JSON")]
    [InlineData("""{"name":5}""", "M_BAD_JSON")]
    [InlineData("""{"visibility":"secret"}""", "M_INVALID_PARAM")]
    [InlineData("""{"preset":"x"}""", "M_INVALID_PARAM")]
    [InlineData("""{"room_version":"0"}""", "M_UNSUPPORTED_ROOM_VERSION")]
    [InlineData("""{"room_version":12}""", "M_BAD_JSON")]
    [InlineData("""{"invite":["x"]}""", "M_INVALID_PARAM")]
    [InlineData("""{"invite":"@a:b"}""", "M_BAD_JSON")]
    [InlineData("""{"initial_state":[{"type":"m.x"}]}""", "M_BAD_JSON")]
    [InlineData("""{"initial_state":[5]}""", "M_BAD_JSON")]
    [InlineData("""{"initial_state":{}}""", "M_BAD_JSON")]
    [InlineData("""{"creation_content":[]}""", "M_BAD_JSON")]
    [InlineData("""{"power_level_content_override":{"users":5}}""", "M_INVALID_ROOM_STATE")]
    [InlineData("""{"invite_3pid":[{"medium":"email","address":"a@b.c","id_server":"x","id_access_token":"y"}]}""", "M_THREEPID_MEDIUM_NOT_SUPPORTED")]
    [InlineData("""{"creation_content":{"additional_creators":["x"]}}""", "M_BAD_JSON")]
    public async Task Rooms_that_cannot_be_made_are_refused_with_their_error(string body, string errCode)
    {
        var alice = await server.RegisterAsync("alice");
        (await alice.PostAsync("v3/createRoom", body)).Fails(400, errCode);
    }

    [Fact]
    public async Task Messages_are_sent_once_for_each_transaction_of_a_device()
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        var first = (await alice.PutAsync($"v3/rooms/{room}/send/m.room.message/t1", """{"body":"x"}""")).Ok("event_id");
        Assert.Equal(first, (await alice.PutAsync($"v3/rooms/{room}/send/m.room.message/t1", """{"body":"x"}""")).Ok("event_id"));
        Assert.NotEqual(first, (await alice.PutAsync($"v3/rooms/{room}/send/m.room.message/t2", """{"body":"x"}""")).Ok("event_id"));
        Assert.NotEqual(first, (await alice.PutAsync($"v3/rooms/{room}/send/m.other/t1", "{}")).Ok("event_id"));
    }

    [Theory]
    [InlineData("", 400, "M_NOT_JSON")]
    [InlineData("x", 400, "M_NOT_JSON")]
    [InlineData("[]", 400, "M_BAD_JSON")]
    [InlineData("""{"a":1.5}""", 400, "M_BAD_JSON")]
    [InlineData("""{"a":9007199254740992}""", 400, "M_BAD_JSON")]
    [InlineData("""{"a":"\ud800"}""", 400, "M_BAD_JSON")]
    public async Task Bad_contents_are_refused(string body, int status, string errCode)
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        (await alice.PutAsync($"v3/rooms/{room}/send/m.room.message/1", body)).Fails(status, errCode);
        (await alice.PutAsync($"v3/rooms/{room}/state/m.test/key", body)).Fails(status, errCode);
    }

    [Fact]
    public async Task An_event_over_64_KiB_is_too_large()
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        (await alice.PutAsync($"v3/rooms/{room}/send/m.room.message/1", $$"""{"body":"{{new string('x', 65_536)}}"}""")).Fails(413, "M_TOO_LARGE");
        (await alice.PutAsync($"v3/rooms/{room}/send/{new string('t', 256)}/1", "{}")).Fails(400, "M_BAD_JSON");
    }

    [Fact]
    public async Task State_is_set_with_and_without_a_state_key_in_the_path()
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        var first = (await alice.PutAsync($"v3/rooms/{room}/state/m.room.name", """{"name":"n"}""")).Ok("event_id");
        Assert.Equal(first, (await alice.PutAsync($"v3/rooms/{room}/state/m.room.name/", """{"name":"n"}""")).Ok("event_id"));
        (await alice.PutAsync($"v3/rooms/{room}/state/m.test/a%2Fb", """{"k":1}""")).Ok();
        Assert.Equal(1, (int?)(await alice.GetAsync($"v3/rooms/{room}/state/m.test/a%2Fb")).Ok()["k"]);
    }

    [Fact]
    public async Task Rooms_that_are_not_here_and_ids_that_are_none()
    {
        var alice = await server.RegisterAsync("alice");
        (await alice.PutAsync("v3/rooms/nonsense/send/m.room.message/1", "{}")).Fails(400, "M_INVALID_PARAM");
        (await alice.PutAsync("v3/rooms/!nowhere:one.test/send/m.room.message/1", "{}")).Fails(404, "M_NOT_FOUND");
        (await alice.PostAsync("v3/rooms/!nowhere:one.test/join", "{}")).Fails(404, "M_NOT_FOUND");
        (await alice.PostAsync("v3/join/nonsense", "{}")).Fails(400, "M_INVALID_PARAM");
        (await alice.PostAsync("v3/join/%23nobody:one.test", "{}")).Fails(404, "M_NOT_FOUND");
        (await alice.PostAsync("v3/rooms/!nowhere:one.test/leave", "{}")).Fails(403, "M_FORBIDDEN");
        (await alice.PostAsync("v3/rooms/!nowhere:one.test/forget", "{}")).Fails(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task A_redaction_is_idempotent_and_takes_no_body()
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        var message = (await alice.PutAsync($"v3/rooms/{room}/send/m.room.message/1", """{"body":"x"}""")).Ok("event_id");
        var path = $"v3/rooms/{room}/redact/{message}/1";
        var redaction = (await alice.PutAsync(path, """{"reason":"typo"}""")).Ok("event_id");
        Assert.Equal(redaction, (await alice.PutAsync(path, """{"reason":"typo"}""")).Ok("event_id"));
        Assert.Empty((await alice.GetAsync($"v3/rooms/{room}/event/{message}")).Ok()["content"]!.AsObject());
        var event_ = (await alice.GetAsync($"v3/rooms/{room}/event/{redaction}")).Ok();
        Assert.Equal("typo", (string?)event_["content"]!["reason"]);
    }

    [Fact]
    public async Task Kicks_bans_and_invites_name_a_user()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var room = await alice.CreateRoomAsync();
        (await alice.PostAsync($"v3/rooms/{room}/invite", "{}")).Fails(400, "M_MISSING_PARAM");
        (await alice.PostAsync($"v3/rooms/{room}/kick", """{"user_id":5}""")).Fails(400, "M_BAD_JSON");
        (await alice.PostAsync($"v3/rooms/{room}/ban", """{"user_id":"bob"}""")).Fails(400, "M_INVALID_PARAM");
        (await alice.PostAsync($"v3/rooms/{room}/invite", $$"""{"user_id":"{{bob.UserId}}"}""")).Ok();
        (await bob.PostAsync($"v3/rooms/{room}/join", "")).Ok();
        (await alice.PostAsync($"v3/rooms/{room}/kick", $$"""{"user_id":"{{bob.UserId}}","reason":"r"}""")).Ok();
        (await bob.PostAsync($"v3/rooms/{room}/join", "{}")).Fails(403, "M_FORBIDDEN");
        (await bob.PostAsync($"v3/rooms/{room}/leave", "{}")).Fails(403, "M_FORBIDDEN");
        (await bob.PostAsync($"v3/rooms/{room}/forget", "")).Ok();
        (await alice.PostAsync($"v3/rooms/{room}/invite", """{"medium":"email","address":"a@b.c"}""")).Fails(400, "M_THREEPID_MEDIUM_NOT_SUPPORTED");
    }

    [Fact]
    public async Task Typing_is_ones_own()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var room = await alice.CreateRoomAsync();
        (await alice.PutAsync($"v3/rooms/{room}/typing/{alice.UserId}", """{"typing":true,"timeout":30000}""")).Ok();
        (await alice.PutAsync($"v3/rooms/{room}/typing/{alice.UserId}", """{"typing":false}""")).Ok();
        (await alice.PutAsync($"v3/rooms/{room}/typing/{alice.UserId}", "{}")).Fails(400, "M_MISSING_PARAM");
        (await alice.PutAsync($"v3/rooms/{room}/typing/{bob.UserId}", """{"typing":true}""")).Fails(403, "M_FORBIDDEN");
        (await bob.PutAsync($"v3/rooms/{room}/typing/{bob.UserId}", """{"typing":true}""")).Fails(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task An_upgrade_names_the_new_room()
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync("""{"room_version":"10"}""");
        (await alice.PostAsync($"v3/rooms/{room}/upgrade", "{}")).Fails(400, "M_MISSING_PARAM");
        (await alice.PostAsync($"v3/rooms/{room}/upgrade", """{"new_version":"x"}""")).Fails(400, "M_UNSUPPORTED_ROOM_VERSION");
        var replacement = (await alice.PostAsync($"v3/rooms/{room}/upgrade", """{"new_version":"12"}""")).Ok("replacement_room");
        Assert.Equal(replacement, (string?)(await alice.GetAsync($"v3/rooms/{room}/state/m.room.tombstone")).Ok()["replacement_room"]);
    }

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("""{"@bob:x":["!other:x"],"@odd:x":1}""", """{"@bob:x":["!other:x"],"@odd:x":1}""")]
    [InlineData("""{"@bob:x":["ROOM","!other:x"]}""", """{"@bob:x":["ROOM","!other:x","NEW"]}""")]
    public async Task Direct_chats_follow_an_upgrade_and_stay_as_they_are_otherwise(string before, string after)
    {
        var alice = await server.RegisterAsync("alice");
        var room = await alice.CreateRoomAsync();
        (await alice.PutAsync($"v3/user/{alice.UserId}/account_data/m.direct", before.Replace("ROOM", room, StringComparison.Ordinal))).Ok();
        var replacement = (await alice.PostAsync($"v3/rooms/{room}/upgrade", """{"new_version":"12"}""")).Ok("replacement_room");
        var direct = (await alice.GetAsync($"v3/user/{alice.UserId}/account_data/m.direct")).Ok();
        var expected = after.Replace("ROOM", room, StringComparison.Ordinal).Replace("NEW", replacement, StringComparison.Ordinal);
        Assert.Equal(expected, direct.ToJsonString());
        (await alice.GetAsync("v3/sync?timeout=0")).Ok();
    }
}
