using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>A room whose policy server is the peer (S-S API, Policy Servers).</summary>
public sealed class PolicyServerTests(FederatingServer server) : IClassFixture<FederatingServer>, IAsyncLifetime
{
    private const string Sign = "POST /_matrix/policy/v1/sign";
    private static readonly SigningKey s_key = SigningKey.FromSeed("policy_server", Enumerable.Repeat((byte)3, 32).ToArray());
    private Peer _peer = null!;
    private TestClient _anna = null!;
    private PeerRoom _room = null!;

    private string Zoe => _peer.UserId("zoe");

    public async ValueTask InitializeAsync()
    {
        _peer = await Peer.StartAsync();
        _anna = await server.RegisterAsync("anna");
        _room = await _peer.JoinAsync(server, await _anna.CreateRoomAsync("""{"preset":"public_chat"}"""), "zoe");
        var policy = $$$"""{"via":"{{{_peer.Name}}}","public_keys":{"ed25519":"{{{s_key.VerifyKey.ToBase64()}}}"}}""";
        (await _anna.PutAsync($"v3/rooms/{_room.Path}/state/m.room.policy", policy)).Ok();
    }

    public ValueTask DisposeAsync() => _peer.DisposeAsync();

    [Fact]
    public async Task Every_event_of_the_room_is_sent_with_the_policy_servers_signature()
    {
        // The event that names the policy server was not shown to it.
        Assert.DoesNotContain(Sign, _peer.Asked);
        _peer.On(Sign, request => SignEvent(request, s_key));
        var text = await _anna.SendTextAsync(_room.RoomId, "fine");
        var topic = (await _anna.PutAsync($"v3/rooms/{_room.Path}/state/m.room.topic", """{"topic":"t"}""")).Ok("event_id");
        var redaction = (await _anna.PutAsync($"v3/rooms/{_room.Path}/redact/{Uri.EscapeDataString(text)}/1")).Ok("event_id");
        var bert = await server.RegisterAsync("bert");
        await bert.JoinAsync(_room.RoomId);
        foreach (var id in new[] { text, topic, redaction })
        {
            var signatures = (await EventAsync(id))["signatures"]!;
            Assert.NotNull(signatures[_peer.Name.Value]![RoomPolicyServer.KeyId]);
            Assert.NotNull(signatures[server.FederationName.Value]);
        }

        // The same again is another event, and a repeated transaction is not.
        Assert.NotEqual(await _anna.SendTextAsync(_room.RoomId, "twice", "a"), await _anna.SendTextAsync(_room.RoomId, "twice", "b"));
        Assert.Equal(await _anna.SendTextAsync(_room.RoomId, "twice", "a"), await _anna.SendTextAsync(_room.RoomId, "twice", "a"));
    }

    [Fact]
    public async Task What_the_policy_server_refuses_is_not_sent_and_the_client_is_told_why()
    {
        _peer.On(Sign, static _ => new Answer(400, """{"errcode":"M_FORBIDDEN","error":"It smells of spam"}"""));
        var refused = (await SendAsync("spam")).Fails(400, "M_FORBIDDEN");
        Assert.Equal("It smells of spam", refused["error"]!.GetValue<string>());
        _peer.On(Sign, request => SignEvent(request, SigningKey.FromSeed("policy_server", new byte[32])));
        (await SendAsync("badly signed")).Fails(403, "M_FORBIDDEN");
        _peer.On(Sign, static _ => new Answer(200, "[]"));
        (await SendAsync("not signed")).Fails(403, "M_FORBIDDEN");
        _peer.On(Sign, static _ => new Answer(500, ""));
        Assert.Equal(502, (await SendAsync("out of order")).Status);
        Assert.DoesNotContain("spam", (await MessagesAsync()).ToJsonString(), StringComparison.Ordinal);

        // The policy itself can always be changed.
        (await _anna.PutAsync($"v3/rooms/{_room.Path}/state/m.room.policy")).Ok();
        (await SendAsync("free")).Ok();
    }

    [Fact]
    public async Task Events_of_other_servers_are_shown_only_if_the_policy_server_signs_them()
    {
        _peer.On(Sign, static _ => new Answer(400, """{"errcode":"M_FORBIDDEN","error":"no"}"""));
        var refused = _room.Build(Zoe, "m.room.message", null, """{"body":"refused"}""", [_room.Last.EventId]);
        await _peer.SendAsync(server, refused);
        _peer.On(Sign, request => SignEvent(request, s_key));
        var asked = _room.Build(Zoe, "m.room.message", null, """{"body":"signed on the way"}""", [_room.Last.EventId]);
        await _peer.SendAsync(server, asked);
        _peer.Off(Sign);
        var signed = EventSignatures.Sign(_room.Build(Zoe, "m.room.message", null, """{"body":"signed before"}""", [_room.Last.EventId]), _peer.Name, s_key);
        await _peer.SendAsync(server, signed);
        var seen = (await MessagesAsync()).Select(e => e!["event_id"]!.GetValue<string>()).ToList();
        Assert.DoesNotContain(refused.EventId, seen);
        Assert.Contains(asked.EventId, seen);
        Assert.Contains(signed.EventId, seen);
        Assert.NotNull((await EventAsync(asked.EventId))["signatures"]![_peer.Name.Value]![RoomPolicyServer.KeyId]);
    }

    [Fact]
    public async Task A_server_that_is_not_in_the_room_is_no_policy_server_of_it()
    {
        (await _anna.PostAsync($"v3/rooms/{_room.Path}/kick", $$"""{"user_id":"{{Zoe}}"}""")).Fails(502, "M_UNKNOWN");
        _peer.On(Sign, request => SignEvent(request, s_key));
        (await _anna.PostAsync($"v3/rooms/{_room.Path}/kick", $$"""{"user_id":"{{Zoe}}"}""")).Ok();
        _peer.Off(Sign);
        (await SendAsync("alone")).Ok();
    }

    [Fact]
    public async Task This_server_is_no_policy_server()
    {
        var own = $$$"""{"via":"{{{server.FederationName}}}","public_keys":{"ed25519":"{{{s_key.VerifyKey.ToBase64()}}}"}}""";
        (await _anna.PutAsync($"v3/rooms/{_room.Path}/state/m.room.policy", own)).Ok();
        (await SendAsync("stuck")).Fails(403, "M_FORBIDDEN");
        (await _peer.AskAsync(server, HttpMethod.Post, "/_matrix/policy/v1/sign", "{}")).Fails(404, "M_UNRECOGNIZED");
        (await _anna.PostAsync(
            "v3/createRoom", $$"""{"initial_state":[{"type":"m.room.policy","state_key":"","content":{{own}} },{"type":"m.room.topic","state_key":"","content":{"topic":"t"} }]}""")).Fails(400, "M_INVALID_ROOM_STATE");
    }

    private JsonObject SignEvent(PeerRequest request, SigningKey key)
    {
        Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes(request.Body), _room.Version).TryGet(out var pdu, out _));
        var signed = PeerRoom.Node(EventSignatures.Sign(pdu, _peer.Name, key));
        return new JsonObject
        {
            [_peer.Name.Value] =
            new JsonObject { [RoomPolicyServer.KeyId] = signed["signatures"]![_peer.Name.Value]![RoomPolicyServer.KeyId]!.GetValue<string>() }
        };
    }

    private Task<Answer> SendAsync(string text) =>
        _anna.PutAsync($"v3/rooms/{_room.Path}/send/m.room.message/{Guid.NewGuid():N}",
            new JsonObject { ["msgtype"] = "m.text", ["body"] = text }.ToJsonString());

    private async Task<JsonArray> MessagesAsync() => (await _anna.GetAsync($"v3/rooms/{_room.Path}/messages?dir=b&limit=50")).Ok()["chunk"]!.AsArray();

    private async Task<JsonNode> EventAsync(string eventId) =>
        (await _peer.AskAsync(server, HttpMethod.Get, $"/_matrix/federation/v1/event/{Uri.EscapeDataString(eventId)}")).Ok()["pdus"]![0]!;
}
