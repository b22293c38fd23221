using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Typing, receipts, presence and messages for devices, both ways (S-S API, EDUs).</summary>
public sealed class EduTests : IAsyncLifetime
{
    private readonly FederatingServer _server = new();
    private Peer _peer = null!;
    private PeerInbox _inbox = null!;
    private TestClient _alice = null!;
    private string _zoe = "";
    private string _room = "";

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _peer = await Peer.StartAsync();
        _inbox = new PeerInbox(_peer);
        _alice = await _server.RegisterAsync("alice");
        _zoe = _peer.UserId("zoe");
        _room = await _alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        await _peer.JoinAsync(_server, _room, "zoe");
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Receipts_go_out_with_their_thread_and_private_ones_do_not()
    {
        var message = await _alice.SendTextAsync(_room, "x");
        var path = $"v3/rooms/{Uri.EscapeDataString(_room)}/receipt";
        (await _alice.PostAsync($"{path}/m.read.private/{Uri.EscapeDataString(message)}")).Ok();
        (await _alice.PostAsync($"{path}/m.read/{Uri.EscapeDataString(message)}", """{"thread_id":"main"}""")).Ok();
        var receipt = (await _inbox.NextAsync("m.receipt"))[_room]!["m.read"]![_alice.UserId]!;
        Assert.Equal(message, Assert.Single(receipt["event_ids"]!.AsArray())!.GetValue<string>());
        Assert.Equal("main", receipt["data"]!["thread_id"]!.GetValue<string>());
        Assert.DoesNotContain("m.receipt", _inbox.Rest());
    }

    [Fact]
    public async Task Receipts_come_in_with_their_thread_from_members_of_the_sending_server()
    {
        var message = await _alice.SendTextAsync(_room, "x");
        var since = await SinceAsync();
        await _inbox.SendAsync(_server, "m.receipt", Receipt(_peer.UserId("stranger"), message, "main"));
        await _inbox.SendAsync(_server, "m.receipt", Receipt(_alice.UserId, message, "main"));
        await _inbox.SendAsync(_server, "m.receipt", Receipt(_zoe, message, "no thread"));
        await _inbox.SendAsync(_server, "m.receipt", Receipt(_zoe, message, "main"));
        var read = (await EphemeralAsync(since, "m.receipt"))!["content"]![message]!["m.read"]!.AsObject();
        var only = Assert.Single(read);
        Assert.Equal((_zoe, "main"), (only.Key, only.Value!["thread_id"]!.GetValue<string>()));
    }

    [Fact]
    public async Task How_far_a_user_has_read_its_own_server_says_also_of_an_event_that_has_yet_to_come()
    {
        var (first, second) = (await _alice.SendTextAsync(_room, "first"), await _alice.SendTextAsync(_room, "second"));
        foreach (var (eventId, ts, seen) in new[] { (second, 5, second), (first, 4, second), (first, 6, first), ("$yet-to-come", 7, "$yet-to-come"), ("no id", 8, "$yet-to-come") })
        {
            await _inbox.SendAsync(_server, "m.receipt", Receipt(_zoe, eventId, "main", ts));
            var read = (await _alice.GetAsync("v3/sync")).Ok()["rooms"]!["join"]![_room]!["ephemeral"]!["events"]!.AsArray()
                .Single(e => e!["type"]!.GetValue<string>() == "m.receipt")!["content"]!.AsObject();
            Assert.Equal(seen, Assert.Single(read).Key);
        }
    }

    [Fact]
    public async Task Typing_goes_both_ways_for_members_only_and_ends_by_itself()
    {
        (await _alice.PutAsync($"v3/rooms/{Uri.EscapeDataString(_room)}/typing/{Uri.EscapeDataString(_alice.UserId)}", """{"typing":true,"timeout":30000}"""))
            .Ok();
        var typing = await _inbox.NextAsync("m.typing");
        Assert.Equal((_room, _alice.UserId, true),
            (typing["room_id"]!.GetValue<string>(), typing["user_id"]!.GetValue<string>(), typing["typing"]!.GetValue<bool>()));

        var since = await SinceAsync();
        await _inbox.SendAsync(_server, "m.typing", Typing(_peer.UserId("stranger")));
        await _inbox.SendAsync(_server, "m.typing", Typing("@other:elsewhere"));
        await _inbox.SendAsync(_server, "m.typing", Typing(_zoe));
        var users = (await EphemeralAsync(since, "m.typing"))!["content"]!["user_ids"]!.AsArray().Select(u => u!.GetValue<string>());
        Assert.Equal([_alice.UserId, _zoe], users.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_server_that_the_rooms_acl_denies_is_not_heard()
    {
        var message = await _alice.SendTextAsync(_room, "x");
        (await _alice.PutAsync(
            $"v3/rooms/{Uri.EscapeDataString(_room)}/state/m.room.server_acl", """{"allow":["*"],"deny":["127.0.0.1"],"allow_ip_literals":true}""")).Ok();
        var since = await SinceAsync();
        await _inbox.SendAsync(_server, "m.typing", Typing(_zoe));
        await _inbox.SendAsync(_server, "m.receipt", Receipt(_zoe, message, "main"));
        var sync = (await _alice.GetAsync($"v3/sync?since={since}")).Ok();
        Assert.Null(sync["rooms"]?["join"]?[_room]);
    }

    [Fact]
    public async Task Presence_goes_to_servers_that_share_a_room_and_comes_of_their_users_only()
    {
        (await _alice.PutAsync($"v3/presence/{Uri.EscapeDataString(_alice.UserId)}/status", """{"presence":"unavailable","status_msg":"away"}""")).Ok();
        JsonNode push;
        do
        {
            push = Assert.Single((await _inbox.NextAsync("m.presence"))["push"]!.AsArray())!;
        }
        while (push["presence"]!.GetValue<string>() != "unavailable");
        Assert.Equal((_alice.UserId, "away"), (push["user_id"]!.GetValue<string>(), push["status_msg"]!.GetValue<string>()));

        var alone = await _server.RegisterAsync("alone");
        (await alone.PutAsync($"v3/presence/{Uri.EscapeDataString(alone.UserId)}/status", """{"presence":"unavailable"}""")).Ok();
        await _inbox.SendAsync(_server, "m.presence", $$"""
            {"push":[{"user_id":"{{_alice.UserId}}","presence":"online"},{"user_id":"{{_zoe}}","presence":"nonsense"},{"user_id":"{{_zoe}}","presence":"online","status_msg":"here","last_active_ago":5000}]}
            """);
        var seen = (await _alice.GetAsync($"v3/presence/{Uri.EscapeDataString(_zoe)}/status")).Ok();
        Assert.Equal(("online", "here"), (seen["presence"]!.GetValue<string>(), seen["status_msg"]!.GetValue<string>()));
        Assert.Equal("away", (await _alice.GetAsync($"v3/presence/{Uri.EscapeDataString(_alice.UserId)}/status")).Ok("status_msg"));
        Assert.DoesNotContain(_inbox.Taken, t => t.Body.ToJsonString().Contains(alone.UserId, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_comes_into_a_room_is_told_the_presence_of_those_there_and_they_that_of_who_came()
    {
        (await _alice.GetAsync("v3/events?timeout=0")).Ok();
        Assert.Equal([_alice.UserId], Pushed(await _inbox.NextAsync("m.presence")));

        // A user comes to a server that is in the room.
        var bob = await _server.RegisterAsync("bob");
        (await bob.GetAsync("v3/sync")).Ok();
        await bob.JoinAsync(_room);
        Assert.Equal([bob.UserId], Pushed(await _inbox.NextAsync("m.presence")));

        // A server comes into the room.
        await using var other = await Peer.StartAsync();
        var inbox = new PeerInbox(other);
        await other.JoinAsync(_server, _room, "yan");
        Assert.Equal([_alice.UserId, bob.UserId], Pushed(await inbox.NextAsync("m.presence")));
    }

    [Fact]
    public async Task A_message_for_a_device_comes_once_and_only_from_its_senders_server()
    {
        var since = await SinceAsync();
        await _inbox.SendAsync(_server, "m.direct_to_device", ToDevice(_zoe, "m1", 1));
        await _inbox.SendAsync(_server, "m.direct_to_device", ToDevice(_zoe, "m1", 1));
        await _inbox.SendAsync(_server, "m.direct_to_device", ToDevice("@other:elsewhere", "m2", 2));
        await _inbox.SendAsync(_server, "m.direct_to_device", ToDevice(_zoe, new string('m', 300), 3));
        await _inbox.SendAsync(_server, "m.direct_to_device", ToDevice(_zoe, "m4", 4));
        var events = (await _alice.GetAsync($"v3/sync?since={since}")).Ok()["to_device"]!["events"]!.AsArray();
        Assert.Equal([1, 4], events.Select(e => e!["content"]!["n"]!.GetValue<int>()));
        Assert.All(events, e => Assert.Equal(_zoe, e!["sender"]!.GetValue<string>()));
    }

    private static IEnumerable<string> Pushed(JsonNode presence) =>
        presence["push"]!.AsArray().Select(p => p!["user_id"]!.GetValue<string>()).Order(StringComparer.Ordinal);

    private string Receipt(string userId, string eventId, string threadId, int ts = 5) =>
        $$$"""{"{{{_room}}}":{"m.read":{"{{{userId}}}":{"event_ids":["{{{eventId}}}"],"data":{"ts":{{{ts}}},"thread_id":"{{{threadId}}}"} } } } }""";

    private string Typing(string userId) => $$"""{"room_id":"{{_room}}","user_id":"{{userId}}","typing":true}""";

    private string ToDevice(string sender, string messageId, int number) =>
        $$$"""{"sender":"{{{sender}}}","type":"m.test","message_id":"{{{messageId}}}","messages":{"{{{_alice.UserId}}}":{"*":{"n":{{{number}}} } } } }""";

    private async Task<string> SinceAsync() => (await _alice.GetAsync("v3/sync")).Ok("next_batch");

    private async Task<JsonNode?> EphemeralAsync(string since, string type) => (await _alice.GetAsync($"v3/sync?since={since}")).Ok()
        ["rooms"]?["join"]?[_room]?["ephemeral"]?["events"]?.AsArray().SingleOrDefault(e => e!["type"]!.GetValue<string>() == type);
}
