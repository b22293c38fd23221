using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Push;

/// <summary>What push gateways are told, and when (Push Gateway API; C-S API, Push Notifications).</summary>
public sealed class PushTests : IAsyncLifetime
{
    private readonly TestClock _clock = new(TimeProvider.System.GetUtcNow());
    private FederatingServer _server = null!;
    private PushGateway _gateway = null!;
    private TestClient _alice = null!;
    private TestClient _bob = null!;

    public async ValueTask InitializeAsync()
    {
        _server = new FederatingServer { Clock = _clock };
        await _server.InitializeAsync();
        _gateway = await PushGateway.StartAsync();
        _alice = await _server.RegisterAsync("alice");
        _bob = await _server.RegisterAsync("bob");
        (await _bob.PutAsync($"v3/profile/{_bob.UserId}/displayname", """{"displayname":"Bob"}""")).Ok();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_message_is_told_with_all_there_is()
    {
        var room = await RoomAsync();
        await _bob.SendTextAsync(room, "before the pusher");
        await SetAsync(_gateway.Pusher(data: ""","brand":"b","x":[1]"""));
        var sent = await _bob.SendTextAsync(room, "in a room of two");
        var told = await _gateway.NextAsync();
        var expected = JsonNode.Parse($$"""
            {"event_id":"{{sent}}","room_id":"{{room}}","type":"m.room.message","sender":"{{_bob.UserId}}","sender_display_name":"Bob",
            "content":{"body":"in a room of two","msgtype":"m.text"},"id":"{{sent}}","prio":"high","counts":{"unread":1},
            "devices":[{"app_id":"test.app","pushkey":"key1","pushkey_ts":{{_clock.GetUtcNow().ToUnixTimeSeconds()}},
            "data":{"brand":"b","x":[1]},"tweaks":{"sound":"default"} }]}
            """)!;
        Assert.True(JsonNode.DeepEquals(expected, told), told.ToJsonString());

        // One's own message tells nothing, and one that comes after it does.
        await _alice.SendTextAsync(room, "own");
        var after = await _bob.SendTextAsync(room, $"{_alice.UserId} is mentioned by her name");
        Assert.Equal(after, (string?)(await _gateway.NextAsync())["event_id"]);
    }

    [Fact]
    public async Task Rooms_have_names_and_messages_of_many_are_not_urgent()
    {
        var carol = await _server.RegisterAsync("carol");
        var room = await RoomAsync("""{"preset":"public_chat","name":"Three"}""");
        await carol.JoinAsync(room);
        await SetAsync(_gateway.Pusher());
        await carol.SendTextAsync(room, "hello");
        var told = await _gateway.NextAsync();
        Assert.Equal(("Three", "low", "{}"),
            ((string?)told["room_name"], (string?)told["prio"], told["devices"]![0]!["tweaks"]!.ToJsonString()));

        // What default rules do not notify of comes in between, and is not told.
        var message = (string?)told["event_id"];
        (await carol.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/send/m.reaction/1",
            $$$"""{"m.relates_to":{"rel_type":"m.annotation","event_id":"{{{message}}}","key":"k"} }""")).Ok();
        (await carol.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/2", """{"msgtype":"m.notice","body":"notice"}""")).Ok();
        (await carol.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/3",
            $$$"""{"msgtype":"m.text","body":"x","m.mentions":{"user_ids":["{{{_alice.UserId}}}"]} }""")).Ok();
        told = await _gateway.NextAsync();
        Assert.Equal(("x", "high", true), (
            (string?)told["content"]!["body"], (string?)told["prio"], (bool?)told["devices"]![0]!["tweaks"]!["highlight"]));
        Assert.Equal(1, (int?)told["counts"]!["unread"]);
    }

    [Fact]
    public async Task A_muted_room_tells_of_mentions_only()
    {
        var room = await RoomAsync();
        await SetAsync(_gateway.Pusher());
        await _bob.SendTextAsync(room, "before");
        await _gateway.NextAsync();
        (await _alice.PutAsync($"v3/pushrules/global/room/{Uri.EscapeDataString(room)}", """{"actions":["dont_notify"]}""")).Ok();
        for (var i = 0; i < 3; i++)
        {
            await _bob.SendTextAsync(room, $"muted {i}");
            var mention = await _bob.SendTextAsync(room, $"mention {i} - {_alice.UserId}");
            Assert.Equal(mention, (string?)(await _gateway.NextAsync())["event_id"]);
        }
    }

    [Fact]
    public async Task Formats_hold_back_what_is_not_wanted()
    {
        var room = await RoomAsync();
        await SetAsync(_gateway.Pusher("short", ""","format":"event_id_only" """));
        await SetAsync(_gateway.Pusher("nobadge", ""","format":"com.example.odd","org.matrix.msc4076.disable_badge_count":true"""));
        await SetAsync(_gateway.Pusher("off", more: ""","org.matrix.msc3881.enabled":false"""));
        var sent = await _bob.SendTextAsync(room, "hello");

        var told = new[] { await _gateway.NextAsync(), await _gateway.NextAsync() }.ToDictionary(static n => (string)n["devices"]![0]!["pushkey"]!);
        Assert.Equal(["counts", "devices", "event_id", "prio", "room_id"], told["short"].Select(static member => member.Key).Order(StringComparer.Ordinal));
        Assert.Null(told["short"]["devices"]![0]!["tweaks"]);
        Assert.Equal((sent, "hello"), ((string?)told["nobadge"]["event_id"], (string?)told["nobadge"]["content"]!["body"]));
        Assert.Null(told["nobadge"]["counts"]);
    }

    [Fact]
    public async Task Reading_shows_another_badge()
    {
        string[] rooms = [await RoomAsync(), await RoomAsync()];
        await SetAsync(_gateway.Pusher());
        var last = "";
        foreach (var (room, unread) in new[] { (rooms[0], 1), (rooms[1], 2), (rooms[1], 2) })
        {
            last = await _bob.SendTextAsync(room, "hello " + last);
            Assert.Equal(unread, (int?)(await _gateway.NextAsync())["counts"]!["unread"]);
        }

        await ReadAsync(rooms[1], last);
        var told = await _gateway.NextAsync();
        Assert.Equal("""{"id":"","type":null,"sender":"","counts":{"unread":1}}""", Without(told, "devices"));
        Assert.Equal("""["app_id","pushkey","pushkey_ts","data"]""",
            new JsonArray([.. told["devices"]![0]!.AsObject().Select(static member => (JsonNode)member.Key)]).ToJsonString());

        // A receipt that changes nothing tells nothing: the next thing told is the next message.
        await ReadAsync(rooms[1], last);
        last = await _bob.SendTextAsync(rooms[1], "more");
        told = await _gateway.NextAsync();
        Assert.Equal((last, 2), ((string?)told["event_id"], (int?)told["counts"]!["unread"]));
    }

    [Fact]
    public async Task Invitations_are_told()
    {
        await SetAsync(_gateway.Pusher());
        var room = await _bob.CreateRoomAsync($$"""{"preset":"private_chat","name":"Party","invite":["{{_alice.UserId}}"]}""");
        var told = await _gateway.NextAsync();
        Assert.Equal((room, "m.room.member", "invite", true, "Party", "Bob", "high"), (
            (string?)told["room_id"], (string?)told["type"], (string?)told["membership"], (bool?)told["user_is_target"], (string?)told["room_name"],
            (string?)told["sender_display_name"], (string?)told["prio"]));
        Assert.Equal("""{"sound":"default"}""", told["devices"]![0]!["tweaks"]!.ToJsonString());
        Assert.Equal(1, (int?)told["counts"]!["unread"]);

        // From whom she ignores she gets none, and they do not count.
        (await _alice.PutAsync($"v3/user/{_alice.UserId}/account_data/m.ignored_user_list", $$$"""{"ignored_users":{"{{{_bob.UserId}}}":{} } }""")).Ok();
        await _bob.CreateRoomAsync($$"""{"preset":"private_chat","invite":["{{_alice.UserId}}"]}""");
        var carol = await _server.RegisterAsync("carol");
        var other = await carol.CreateRoomAsync($$"""{"preset":"private_chat","invite":["{{_alice.UserId}}"]}""");
        told = await _gateway.NextAsync();
        Assert.Equal((other, 1), ((string?)told["room_id"], (int?)told["counts"]!["unread"]));
    }

    [Fact]
    public async Task An_invitation_of_another_server_is_told()
    {
        await using var hand = await PeersRoom.StartAsync();
        await SetAsync(_gateway.Pusher());
        var invite = hand.Room.Add(hand.Mallory, "m.room.member", _alice.UserId, """{"displayname":"A","membership":"invite"}""");
        var state = PeerRoom.Array([hand.Room.Events.Values.First()]);
        var body = new JsonObject { ["event"] = PeerRoom.Node(invite), ["room_version"] = "10", ["invite_room_state"] = state };
        (await hand.Peer.AskAsync(
            _server, HttpMethod.Put, $"/_matrix/federation/v2/invite/{hand.Room.Path}/{Uri.EscapeDataString(invite.EventId)}", body.ToJsonString())).Ok();
        var told = await _gateway.NextAsync();
        Assert.Equal((invite.EventId, invite.RoomId, "invite", true), (
            (string?)told["event_id"], (string?)told["room_id"], (string?)told["membership"], (bool?)told["user_is_target"]));
    }

    private async Task<string> RoomAsync(string json = """{"preset":"trusted_private_chat"}""")
    {
        var room = await _bob.CreateRoomAsync(json);
        (await _bob.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/invite", $$"""{"user_id":"{{_alice.UserId}}"}""")).Ok();
        await _alice.JoinAsync(room);
        return room;
    }

    private async Task SetAsync(string pusher) => (await _alice.PostAsync("v3/pushers/set", pusher)).Ok();

    private async Task ReadAsync(string room, string eventId) =>
        (await _alice.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/receipt/m.read/{Uri.EscapeDataString(eventId)}")).Ok();

    private static string Without(JsonObject json, string name) =>
        new JsonObject(json.Where(member => member.Key != name).Select(static member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())))
            .ToJsonString();
}
