using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>A room whose policy server is this one (S-S API, Policy Servers; POST /_matrix/policy/v1/sign).</summary>
public sealed class LocalPolicyServerTests : IAsyncLifetime
{
    private const string Sign = "/_matrix/policy/v1/sign";
    private readonly TestClock _clock = new(TimeProvider.System.GetUtcNow());
    private FederatingServer _server = null!;
    private Peer _peer = null!;
    private TestClient _anna = null!;
    private PeerRoom _room = null!;
    private string _key = null!;

    private string Zoe => _peer.UserId("zoe");

    public async ValueTask InitializeAsync()
    {
        _server = new FederatingServer
        {
            Clock = _clock,
            MoreSettings =
            [
                "--Matrix:PolicyServer:Enabled=true", "--Matrix:PolicyServer:DenyText:0=*casino*", "--Matrix:PolicyServer:DenyUsers:0=@bad:*",
                "--Matrix:PolicyServer:MaxMentions=2", "--Matrix:PolicyServer:EventsPerMinute=3",
            ],
        };
        await _server.InitializeAsync();
        _peer = await Peer.StartAsync();
        _anna = await _server.RegisterAsync("anna");
        _room = await _peer.JoinAsync(_server, await _anna.CreateRoomAsync("""{"preset":"public_chat"}"""), "zoe");
        _key = (await _peer.AskAsync(_server, HttpMethod.Get, "/.well-known/matrix/policy_server")).Ok()["public_keys"]!["ed25519"]!.GetValue<string>();
        (await _anna.PutAsync($"v3/rooms/{_room.Path}/state/m.room.policy", Policy(_key))).Ok();
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task What_the_rules_allow_is_signed_and_the_rest_refused_with_a_reason()
    {
        var fine = Build("""{"body":"fine"}""");
        var signature = (await AskAsync(fine)).Ok()[_server.FederationName.Value]![RoomPolicyServer.KeyId]!.GetValue<string>();
        Assert.True(RoomPolicyServer.TryParse(await PolicyAsync(), out var policy));
        Assert.True(policy.Recommends(EventSignatures.AddSignature(fine, _server.FederationName.Value, RoomPolicyServer.KeyId, signature)));
        Assert.False(policy.Recommends(
            EventSignatures.AddSignature(Build("""{"body":"other"}"""), _server.FederationName.Value, RoomPolicyServer.KeyId, signature)));

        (await AskAsync(Build("""{"body":"fine","formatted":[{"deep":"Best CASINO in town"}]}"""))).Fails(400, "M_FORBIDDEN");
        (await AskAsync(Build("""{"body":"fine","m.mentions":{"user_ids":["@a:b","@c:d","@e:f"]}}"""))).Fails(400, "M_FORBIDDEN");
        (await AskAsync(_room.Build(_peer.UserId("bad"), "m.room.message", null, """{"body":"fine"}""", [_room.Last.EventId]))).Fails(400, "M_FORBIDDEN");
        (await AskAsync(Build("""{"body":"fine","m.mentions":{"user_ids":["@a:b","@c:d"]}}"""))).Ok();
    }

    [Fact]
    public async Task Only_events_of_rooms_that_name_it_with_their_own_signatures_are_signed()
    {
        (await AskAsync(_room.Build(Zoe, "m.room.policy", "", Policy(_key), [_room.Last.EventId]))).Fails(400, "M_INVALID_PARAM");
        (await _peer.AskAsync(_server, HttpMethod.Post, Sign, "{}")).Fails(400, "M_BAD_JSON");
        (await _peer.AskAsync(_server, HttpMethod.Post, Sign, $$"""{"room_id":"{{_room.RoomId}}"}""")).Fails(400, "M_BAD_JSON");
        (await _peer.AskAsync(_server, HttpMethod.Post, Sign, """{"room_id":"!nowhere:example.org"}""")).Fails(404, "M_NOT_FOUND");

        var forged = PeerRoom.Node(Build("""{"body":"fine"}"""));
        forged["signatures"] = new JsonObject { [_peer.Name.Value] = new JsonObject { [_peer.Key.KeyId] = Convert.ToBase64String(new byte[64]).TrimEnd('=') } };
        (await _peer.AskAsync(_server, HttpMethod.Post, Sign, forged.ToJsonString())).Fails(400, "M_FORBIDDEN");

        // The signature covers the content's hash: other content with that hash in place is no way around the rules.
        var exchanged = PeerRoom.Node(Build("""{"body":"Best casino in town"}"""));
        exchanged["content"] = new JsonObject { ["body"] = "fine" };
        (await _peer.AskAsync(_server, HttpMethod.Post, Sign, exchanged.ToJsonString())).Fails(400, "M_BAD_JSON");

        var fine = Build("""{"body":"fine"}""");
        (await _anna.PutAsync($"v3/rooms/{_room.Path}/state/m.room.policy")).Ok();
        (await AskAsync(fine)).Fails(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task A_server_that_the_room_denies_is_not_signed_for()
    {
        var fine = Build("""{"body":"fine"}""");
        (await _anna.PutAsync($"v3/rooms/{_room.Path}/state/m.room.server_acl", """{"allow":["*"],"deny":["127.0.0.1"],"allow_ip_literals":false}""")).Ok();
        (await AskAsync(fine)).Fails(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task Its_own_users_events_and_unsigned_ones_of_others_go_through_the_same_rules()
    {
        var seen = await _anna.SendTextAsync(_room.RoomId, "fine");
        Assert.NotNull((await EventAsync(seen))["signatures"]![_server.FederationName.Value]![RoomPolicyServer.KeyId]);
        Assert.Equal("The event's content is not allowed in this room", (await SendAsync("casino!")).Fails(400, "M_FORBIDDEN")["error"]!.GetValue<string>());

        var (fine, spam) = (Build("""{"body":"fine"}"""), Build("""{"body":"casino"}"""));
        await _peer.SendAsync(_server, fine, spam);
        var shown = (await _anna.GetAsync($"v3/rooms/{_room.Path}/messages?dir=b&limit=50")).Ok()["chunk"]!.AsArray()
            .Select(e => e!["event_id"]!.GetValue<string>()).ToList();
        Assert.Contains(fine.EventId, shown);
        Assert.DoesNotContain(spam.EventId, shown);

        // A key that is not in the room's state any more signs nothing.
        (await _anna.PutAsync($"v3/rooms/{_room.Path}/state/m.room.policy", Policy(Convert.ToBase64String(new byte[32]).TrimEnd('=')))).Ok();
        (await SendAsync("stuck")).Fails(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task A_user_who_sends_too_much_has_to_wait_for_the_next_minute()
    {
        for (var i = 0; i < 3; i++)
            (await AskAsync(Build($$"""{"body":"{{i}}"}"""))).Ok();
        var refused = await AskAsync(Build("""{"body":"too much"}"""));
        Assert.InRange(refused.Fails(429, "M_LIMIT_EXCEEDED")["retry_after_ms"]!.GetValue<long>(), 1, 60_000);
        await _anna.SendTextAsync(_room.RoomId, "others are not held up");
        _clock.Advance(TimeSpan.FromMinutes(1));
        (await AskAsync(Build("""{"body":"now"}"""))).Ok();
    }

    private string Policy(string key) => $$"""{"via":"{{_server.FederationName}}","public_keys":{"ed25519":"{{key}}"} }""";

    private Pdu Build(string content) => _room.Build(Zoe, "m.room.message", null, content, [_room.Last.EventId]);

    private Task<Answer> AskAsync(Pdu pdu) => _peer.AskAsync(_server, HttpMethod.Post, Sign, Encoding.UTF8.GetString(pdu.Json.Span));

    private Task<Answer> SendAsync(string text) =>
        _anna.PutAsync($"v3/rooms/{_room.Path}/send/m.room.message/{Guid.NewGuid():N}",
            new JsonObject { ["msgtype"] = "m.text", ["body"] = text }.ToJsonString());

    private async Task<Pdu> PolicyAsync()
    {
        var id = (await _anna.GetAsync($"v3/rooms/{_room.Path}/state")).Ok().AsArray()
            .Single(e => e!["type"]!.GetValue<string>() == "m.room.policy")!["event_id"]!.GetValue<string>();
        Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes((await EventAsync(id)).ToJsonString()), _room.Version).TryGet(out var pdu, out _));
        return pdu;
    }

    private async Task<JsonNode> EventAsync(string eventId) =>
        (await _peer.AskAsync(_server, HttpMethod.Get, $"/_matrix/federation/v1/event/{Uri.EscapeDataString(eventId)}")).Ok()["pdus"]![0]!;
}
