using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Tests.Federation;

public sealed class FederationTests(TwoServers servers) : IClassFixture<TwoServers>
{
    private FederatingServer One => servers.One;

    private FederatingServer Two => servers.Two;

    [Fact]
    public async Task Keys_are_published_signed_and_vouched_for()
    {
        var own = (await One.Anonymous().GetAsync("/_matrix/key/v2/server")).Ok();
        Assert.True(ServerKeys.Parse(System.Text.Encoding.UTF8.GetBytes(own.ToJsonString()), 0).TryGet(out var keys, out _));
        Assert.Equal(One.FederationName, keys.ServerName);

        var vouched = (await Two.Anonymous().GetAsync($"/_matrix/key/v2/query/{One.FederationName}")).Ok();
        var byKey = (await Two.Anonymous().GetAsync($"/_matrix/key/v2/query/{One.FederationName}/ed25519:a")).Ok();
        Assert.Equal(One.FederationName.Value, (string?)byKey["server_keys"]![0]!["server_name"]);
        var entry = Assert.Single(vouched["server_keys"]!.AsArray())!;
        Assert.NotNull(entry["signatures"]![One.FederationName.Value]);
        Assert.NotNull(entry["signatures"]![Two.FederationName.Value]);
    }

    [Fact]
    public async Task Requests_must_be_signed_and_meant_for_this_server()
    {
        var target = "/_matrix/federation/v1/query/profile?user_id=%40nobody%3Aone";
        (await One.AskAsync(Two, HttpMethod.Get, target, sign: false)).Fails(401, "M_UNAUTHORIZED");
        (await One.AskAsync(Two, HttpMethod.Get, target)).Fails(404, "M_NOT_FOUND");
        (await One.AskAsync(Two, HttpMethod.Get, "/_matrix/federation/v1/query/profile?user_id=nobody")).Fails(400, "M_INVALID_PARAM");
        (await Two.Anonymous().PutAsync("/_matrix/federation/v1/send/1", """{"pdus":[]}""")).Fails(401, "M_UNAUTHORIZED");
    }

    [Fact]
    public async Task A_room_is_joined_by_alias_and_events_go_both_ways()
    {
        var anna = await One.RegisterAsync("anna");
        var bert = await Two.RegisterAsync("bert");
        var room = await anna.CreateRoomAsync($$"""{"preset":"public_chat","room_alias_name":"{{anna.DeviceId.ToLowerInvariant()}}","name":"Both"}""");
        await anna.SendTextAsync(room, "before");
        var alias = Uri.EscapeDataString($"#{anna.DeviceId.ToLowerInvariant()}:{One.FederationName}");
        Assert.Equal(room, (await bert.PostAsync($"v3/join/{alias}")).Ok("room_id"));
        Assert.Equal("Both", (await bert.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.name")).Ok("name"));

        await WaitForAsync(anna, json => Timeline(json, room).Any(e => e!["state_key"]?.GetValue<string>() == bert.UserId));
        var fromBert = await bert.SendTextAsync(room, "from two");
        await WaitForAsync(anna, json => Timeline(json, room).Any(e => e!["event_id"]!.GetValue<string>() == fromBert));
        var fromAnna = await anna.SendTextAsync(room, "from one");
        await WaitForAsync(bert, json => Timeline(json, room).Any(e => e!["event_id"]!.GetValue<string>() == fromAnna));

        (await bert.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/leave")).Ok();
        await WaitForAsync(anna, json =>
            Timeline(json, room).Any(e => e!["state_key"]?.GetValue<string>() == bert.UserId && e["content"]!["membership"]!.GetValue<string>() == "leave"));
    }

    [Fact]
    public async Task Servers_outside_a_room_read_nothing_of_it()
    {
        var anna = await One.RegisterAsync("anna");
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat"}""");
        var message = Uri.EscapeDataString(await anna.SendTextAsync(room, "secret"));
        var path = Uri.EscapeDataString(room);
        (await Two.AskAsync(One, HttpMethod.Get, $"/_matrix/federation/v1/event/{message}")).Fails(403, "M_FORBIDDEN");
        (await Two.AskAsync(One, HttpMethod.Get, $"/_matrix/federation/v1/state_ids/{path}?event_id={message}")).Fails(403, "M_FORBIDDEN");
        (await Two.AskAsync(One, HttpMethod.Get, $"/_matrix/federation/v1/backfill/{path}?v={message}&limit=10")).Fails(403, "M_FORBIDDEN");

        var bert = await Two.RegisterAsync("bert");
        (await bert.PostAsync($"v3/join/{path}?server_name={One.FederationName}")).Ok();
        var found = (await Two.AskAsync(One, HttpMethod.Get, $"/_matrix/federation/v1/event/{message}")).Ok();
        Assert.Equal("secret", found["pdus"]![0]!["content"]!["body"]!.GetValue<string>());
        var state = (await Two.AskAsync(One, HttpMethod.Get, $"/_matrix/federation/v1/state/{path}?event_id={message}")).Ok();
        Assert.Contains(state["pdus"]!.AsArray(), e => e!["type"]!.GetValue<string>() == "m.room.create");
        var past = (await Two.AskAsync(One, HttpMethod.Get, $"/_matrix/federation/v1/backfill/{path}?v={message}&limit=3")).Ok();
        Assert.Equal(3, past["pdus"]!.AsArray().Count);
    }

    [Fact]
    public async Task An_invite_reaches_a_user_of_another_server_who_joins_or_declines()
    {
        var anna = await One.RegisterAsync("anna");
        var bert = await Two.RegisterAsync("bert");
        var room = await anna.CreateRoomAsync("""{"preset":"private_chat","name":"Private"}""");
        (await bert.PutAsync($"v3/profile/{Uri.EscapeDataString(bert.UserId)}/displayname", """{"displayname":"Bert B."}""")).Ok();
        (await anna.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/invite", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        Assert.Equal("Bert B.", (await anna.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.member/{Uri.EscapeDataString(bert.UserId)}"))
            .Ok("displayname"));
        var sync = (await bert.GetAsync("v3/sync")).Ok();
        Assert.Contains(sync["rooms"]!["invite"]![room]!["invite_state"]!["events"]!.AsArray(), e => e!["type"]!.GetValue<string>() == "m.room.name");
        (await bert.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/join")).Ok();
        await WaitForAsync(anna, json =>
            Timeline(json, room).Any(e => e!["state_key"]?.GetValue<string>() == bert.UserId && e["content"]!["membership"]!.GetValue<string>() == "join"));

        var other = await anna.CreateRoomAsync("""{"preset":"private_chat"}""");
        (await anna.PostAsync($"v3/rooms/{Uri.EscapeDataString(other)}/invite", $$"""{"user_id":"{{bert.UserId}}"}""")).Ok();
        (await bert.PostAsync($"v3/rooms/{Uri.EscapeDataString(other)}/leave")).Ok();
        var member = await anna.GetAsync($"v3/rooms/{Uri.EscapeDataString(other)}/state/m.room.member/{Uri.EscapeDataString(bert.UserId)}");
        Assert.Equal("leave", member.Ok("membership"));
    }

    [Fact]
    public async Task To_device_messages_and_keys_reach_the_other_server()
    {
        var anna = await One.RegisterAsync("anna");
        var bert = await Two.RegisterAsync("bert");
        (await anna.PutAsync("v3/sendToDevice/m.test/1", $$$$"""{"messages":{"{{{{bert.UserId}}}}":{"*":{"hello":"there"} } } }""")).Ok();
        await WaitForAsync(bert, json => json["to_device"]?["events"]?.AsArray().Any(e => e!["sender"]!.GetValue<string>() == anna.UserId) == true);

        var keys = (await bert.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{anna.UserId}}}":[]}}""")).Ok();
        Assert.True(keys["device_keys"]![anna.UserId] is not null, keys.ToJsonString());
        Assert.Empty(keys["failures"]!.AsObject());
    }

    [Fact]
    public async Task A_transaction_is_answered_once_and_unknown_rooms_are_passed_over()
    {
        var first = await One.AskAsync(Two, HttpMethod.Put, "/_matrix/federation/v1/send/again",
            """{"origin":"x","origin_server_ts":1,"pdus":[{"room_id":"!no:where"}],"edus":[{"edu_type":"m.odd","content":{}}]}""");
        Assert.Empty(first.Ok()["pdus"]!.AsObject());
        var tooMany = new JsonObject { ["pdus"] = new JsonArray([.. Enumerable.Range(0, 51).Select(_ => (JsonNode)new JsonObject())]) };
        Assert.Equal(first.Text, (await One.AskAsync(Two, HttpMethod.Put, "/_matrix/federation/v1/send/again", tooMany.ToJsonString())).Text);
        (await One.AskAsync(Two, HttpMethod.Put, "/_matrix/federation/v1/send/other", tooMany.ToJsonString())).Fails(400, "M_BAD_JSON");
    }

    [Fact]
    public async Task The_public_rooms_of_another_server_are_listed()
    {
        var anna = await One.RegisterAsync("anna");
        var bert = await Two.RegisterAsync("bert");
        var room = await anna.CreateRoomAsync("""{"preset":"public_chat","visibility":"public"}""");
        var list = (await bert.GetAsync($"v3/publicRooms?server={One.FederationName}")).Ok();
        Assert.Contains(list["chunk"]!.AsArray(), r => r!["room_id"]!.GetValue<string>() == room);
    }

    private static JsonArray Timeline(JsonNode sync, string room) => sync["rooms"]?["join"]?[room]?["timeline"]?["events"]?.AsArray() ?? [];

    /// <summary>Syncs until an answer is as expected; each sync waits for news.</summary>
    private static async Task WaitForAsync(TestClient user, Func<JsonNode, bool> isExpected)
    {
        var since = "";
        for (var i = 0; i < 20; i++)
        {
            var sync = (await user.GetAsync($"v3/sync?timeout=5000{since}")).Ok();
            if (isExpected(sync))
                return;
            since = $"&since={sync["next_batch"]!.GetValue<string>()}";
        }

        Assert.Fail("It did not come");
    }
}
