using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Federation;

namespace OrleansMatrix.Gateway.Tests.Push;

/// <summary>What push gateways are told, and when (Push Gateway API; C-S API, Push Notifications).</summary>
public sealed class PushTests : PushScene
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        (await Bob.PutAsync($"v3/profile/{Bob.UserId}/displayname", """{"displayname":"Bob"}""")).Ok();
    }

    [Fact]
    public async Task A_message_is_told_with_all_there_is()
    {
        var room = await RoomAsync();
        await Bob.SendTextAsync(room, "before the pusher");
        await SetAsync(Gateway.Pusher(data: ""","brand":"b","x":[1]"""));
        var sent = await Bob.SendTextAsync(room, "in a room of two");
        var told = await Gateway.NextAsync();
        var expected = JsonNode.Parse($$"""
            {"event_id":"{{sent}}","room_id":"{{room}}","type":"m.room.message","sender":"{{Bob.UserId}}","sender_display_name":"Bob",
            "content":{"body":"in a room of two","msgtype":"m.text"},"id":"{{sent}}","prio":"high","counts":{"unread":1},
            "devices":[{"app_id":"test.app","pushkey":"key1","pushkey_ts":{{Clock.GetUtcNow().ToUnixTimeSeconds()}},
            "data":{"brand":"b","x":[1]},"tweaks":{"sound":"default"} }]}
            """)!;
        Assert.True(JsonNode.DeepEquals(expected, told), told.ToJsonString());

        // One's own message tells nothing, and one that comes after it does.
        await Alice.SendTextAsync(room, "own");
        var after = await Bob.SendTextAsync(room, $"{Alice.UserId} is mentioned by her name");
        Assert.Equal(after, (string?)(await Gateway.NextAsync())["event_id"]);
    }

    [Fact]
    public async Task Rooms_have_names_and_messages_of_many_are_not_urgent()
    {
        var carol = await Server.RegisterAsync("carol");
        var room = await RoomAsync("""{"preset":"public_chat","name":"Three"}""");
        await carol.JoinAsync(room);
        await SetAsync(Gateway.Pusher());
        await carol.SendTextAsync(room, "hello");
        var told = await Gateway.NextAsync();
        Assert.Equal(("Three", "low", "{}"),
            ((string?)told["room_name"], (string?)told["prio"], told["devices"]![0]!["tweaks"]!.ToJsonString()));

        // What default rules do not notify of comes in between, and is not told.
        var message = (string?)told["event_id"];
        (await carol.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/send/m.reaction/1",
            $$$"""{"m.relates_to":{"rel_type":"m.annotation","event_id":"{{{message}}}","key":"k"} }""")).Ok();
        (await carol.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/2", """{"msgtype":"m.notice","body":"notice"}""")).Ok();
        (await carol.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/3",
            $$$"""{"msgtype":"m.text","body":"x","m.mentions":{"user_ids":["{{{Alice.UserId}}}"]} }""")).Ok();
        told = await Gateway.NextAsync();
        Assert.Equal(("x", "high", true), (
            (string?)told["content"]!["body"], (string?)told["prio"], (bool?)told["devices"]![0]!["tweaks"]!["highlight"]));
        Assert.Equal(1, (int?)told["counts"]!["unread"]);
    }

    [Fact]
    public async Task A_muted_room_tells_of_mentions_only()
    {
        var room = await RoomAsync();
        await SetAsync(Gateway.Pusher());
        await Bob.SendTextAsync(room, "before");
        await Gateway.NextAsync();
        (await Alice.PutAsync($"v3/pushrules/global/room/{Uri.EscapeDataString(room)}", """{"actions":["dont_notify"]}""")).Ok();
        for (var i = 0; i < 3; i++)
        {
            await Bob.SendTextAsync(room, $"muted {i}");
            var mention = await Bob.SendTextAsync(room, $"mention {i} - {Alice.UserId}");
            Assert.Equal(mention, (string?)(await Gateway.NextAsync())["event_id"]);
        }
    }

    [Fact]
    public async Task Formats_hold_back_what_is_not_wanted()
    {
        var room = await RoomAsync();
        await SetAsync(Gateway.Pusher("short", ""","format":"event_id_only" """));
        await SetAsync(Gateway.Pusher("nobadge", ""","format":"com.example.odd","org.matrix.msc4076.disable_badge_count":true"""));
        await SetAsync(Gateway.Pusher("off", more: ""","org.matrix.msc3881.enabled":false"""));
        var sent = await Bob.SendTextAsync(room, "hello");

        var told = new[] { await Gateway.NextAsync(), await Gateway.NextAsync() }.ToDictionary(static n => (string)n["devices"]![0]!["pushkey"]!);
        Assert.Equal(["counts", "devices", "event_id", "prio", "room_id"], told["short"].Select(static member => member.Key).Order(StringComparer.Ordinal));
        Assert.Null(told["short"]["devices"]![0]!["tweaks"]);
        Assert.Equal((sent, "hello"), ((string?)told["nobadge"]["event_id"], (string?)told["nobadge"]["content"]!["body"]));
        Assert.Null(told["nobadge"]["counts"]);
    }

    [Fact]
    public async Task Reading_shows_another_badge()
    {
        string[] rooms = [await RoomAsync(), await RoomAsync()];
        await SetAsync(Gateway.Pusher());
        var last = "";
        foreach (var (room, unread) in new[] { (rooms[0], 1), (rooms[1], 2), (rooms[1], 2) })
        {
            last = await Bob.SendTextAsync(room, "hello " + last);
            Assert.Equal(unread, (int?)(await Gateway.NextAsync())["counts"]!["unread"]);
        }

        await ReadAsync(rooms[1], last);
        var told = await Gateway.NextAsync();
        Assert.Equal("""{"id":"","type":null,"sender":"","counts":{"unread":1}}""", Without(told, "devices"));
        Assert.Equal("""["app_id","pushkey","pushkey_ts","data"]""",
            new JsonArray([.. told["devices"]![0]!.AsObject().Select(static member => (JsonNode)member.Key)]).ToJsonString());

        // A receipt that changes nothing tells nothing: the next thing told is the next message.
        await ReadAsync(rooms[1], last);
        last = await Bob.SendTextAsync(rooms[1], "more");
        told = await Gateway.NextAsync();
        Assert.Equal((last, 2), ((string?)told["event_id"], (int?)told["counts"]!["unread"]));
    }

    [Fact]
    public async Task Invitations_are_told()
    {
        await SetAsync(Gateway.Pusher());
        var room = await Bob.CreateRoomAsync($$"""{"preset":"private_chat","name":"Party","invite":["{{Alice.UserId}}"]}""");
        var told = await Gateway.NextAsync();
        Assert.Equal((room, "m.room.member", "invite", true, "Party", "Bob", "high"), (
            (string?)told["room_id"], (string?)told["type"], (string?)told["membership"], (bool?)told["user_is_target"], (string?)told["room_name"],
            (string?)told["sender_display_name"], (string?)told["prio"]));
        Assert.Equal("""{"sound":"default"}""", told["devices"]![0]!["tweaks"]!.ToJsonString());
        Assert.Equal(1, (int?)told["counts"]!["unread"]);

        // From whom she ignores she gets none, and they do not count.
        (await Alice.PutAsync($"v3/user/{Alice.UserId}/account_data/m.ignored_user_list", $$$"""{"ignored_users":{"{{{Bob.UserId}}}":{} } }""")).Ok();
        await Bob.CreateRoomAsync($$"""{"preset":"private_chat","invite":["{{Alice.UserId}}"]}""");
        var carol = await Server.RegisterAsync("carol");
        var other = await carol.CreateRoomAsync($$"""{"preset":"private_chat","invite":["{{Alice.UserId}}"]}""");
        told = await Gateway.NextAsync();
        Assert.Equal((other, 1), ((string?)told["room_id"], (int?)told["counts"]!["unread"]));
    }

    [Fact]
    public async Task An_invitation_of_another_server_is_told()
    {
        await using var hand = await PeersRoom.StartAsync();
        await SetAsync(Gateway.Pusher());
        var invite = hand.Room.Add(hand.Mallory, "m.room.member", Alice.UserId, """{"displayname":"A","membership":"invite"}""");
        var state = PeerRoom.Array([hand.Room.Events.Values.First()]);
        var body = new JsonObject { ["event"] = PeerRoom.Node(invite), ["room_version"] = "10", ["invite_room_state"] = state };
        (await hand.Peer.AskAsync(
            Server, HttpMethod.Put, $"/_matrix/federation/v2/invite/{hand.Room.Path}/{Uri.EscapeDataString(invite.EventId)}", body.ToJsonString())).Ok();
        var told = await Gateway.NextAsync();
        Assert.Equal((invite.EventId, invite.RoomId, "invite", true), (
            (string?)told["event_id"], (string?)told["room_id"], (string?)told["membership"], (bool?)told["user_is_target"]));
    }

    private async Task<string> RoomAsync(string json = """{"preset":"trusted_private_chat"}""")
    {
        var room = await Bob.CreateRoomAsync(json);
        (await Bob.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/invite", $$"""{"user_id":"{{Alice.UserId}}"}""")).Ok();
        await Alice.JoinAsync(room);
        return room;
    }

    private Task SetAsync(string pusher) => SetAsync(Alice, pusher);

    private async Task ReadAsync(string room, string eventId) =>
        (await Alice.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/receipt/m.read/{Uri.EscapeDataString(eventId)}")).Ok();

    private static string Without(JsonObject json, string name) =>
        new JsonObject(json.Where(member => member.Key != name).Select(static member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())))
            .ToJsonString();
}
