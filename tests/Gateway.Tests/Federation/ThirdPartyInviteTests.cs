using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Invites of third-party identifiers, once somebody has proven to own them (S-S API, Third-party invites).</summary>
public sealed class ThirdPartyInviteTests(FederatingServer server) : IClassFixture<FederatingServer>, IAsyncLifetime
{
    private static readonly SigningKey s_identityKey = SigningKey.FromSeed("0", Enumerable.Repeat((byte)4, 32).ToArray());
    private Peer _peer = null!;
    private TestClient _anna = null!;
    private string _room = null!;

    private string Exchange => $"/_matrix/federation/v1/exchange_third_party_invite/{Uri.EscapeDataString(_room)}";

    public async ValueTask InitializeAsync()
    {
        _peer = await Peer.StartAsync();
        _anna = await server.RegisterAsync("anna");
        _room = await _anna.CreateRoomAsync("""{"preset":"private_chat"}""");
        var content = $$"""{"display_name":"z...@x","key_validity_url":"https://is.test/valid","public_key":"{{s_identityKey.VerifyKey.ToBase64()}}"}""";
        (await _anna.PutAsync($"v3/rooms/{Uri.EscapeDataString(_room)}/state/m.room.third_party_invite/token", content)).Ok();
    }

    public ValueTask DisposeAsync() => _peer.DisposeAsync();

    [Fact]
    public async Task The_inviters_server_invites_the_user_of_another_server_who_has_the_identifier()
    {
        var zoe = _peer.UserId("zoe");
        _peer.On("PUT /_matrix/federation/v2/invite/", request =>
        {
            var invite = request.Json["event"]!;
            Assert.Equal("12", request.Json["room_version"]!.GetValue<string>());
            OrleansMatrix.Protocol.RoomVersions.RoomVersion.TryGet("12", out var version);
            Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes(invite.ToJsonString()), version!).TryGet(out var pdu, out _));
            return new JsonObject { ["event"] = PeerRoom.Node(EventSignatures.Sign(pdu, _peer.Name, _peer.Key)) };
        });
        (await _peer.AskAsync(server, HttpMethod.Put, Exchange, Partial(zoe, Signed(zoe, "token", s_identityKey)).ToJsonString())).Ok();
        var member = (await _anna.GetAsync($"v3/rooms/{Uri.EscapeDataString(_room)}/state/m.room.member/{Uri.EscapeDataString(zoe)}")).Ok();
        Assert.Equal(("invite", "z...@x"), (member["membership"]!.GetValue<string>(), member["third_party_invite"]!["display_name"]!.GetValue<string>()));
    }

    [Fact]
    public async Task What_the_identity_server_did_not_sign_invites_nobody()
    {
        var zoe = _peer.UserId("zoe");
        async Task RefusedAsync(JsonObject partial, int status, string code) =>
            (await _peer.AskAsync(server, HttpMethod.Put, Exchange, partial.ToJsonString())).Fails(status, code);
        await RefusedAsync(Partial(zoe, Signed(zoe, "token", SigningKey.FromSeed("0", new byte[32]))), 403, "M_FORBIDDEN");
        await RefusedAsync(Partial(zoe, Signed(zoe, "other", s_identityKey)), 403, "M_FORBIDDEN");
        await RefusedAsync(Partial(zoe, Signed(_peer.UserId("yan"), "token", s_identityKey)), 400, "M_INVALID_PARAM");
        await RefusedAsync(Partial("@zoe:elsewhere", Signed("@zoe:elsewhere", "token", s_identityKey)), 403, "M_FORBIDDEN");
        var asBert = Partial(zoe, Signed(zoe, "token", s_identityKey));
        asBert["sender"] = (await server.RegisterAsync("bert")).UserId;
        await RefusedAsync(asBert, 403, "M_FORBIDDEN");
        var joined = Partial(zoe, Signed(zoe, "token", s_identityKey));
        joined["content"]!["membership"] = "join";
        await RefusedAsync(joined, 400, "M_BAD_JSON");
        (await _anna.GetAsync($"v3/rooms/{Uri.EscapeDataString(_room)}/state/m.room.member/{Uri.EscapeDataString(zoe)}")).Fails(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task A_bound_identifier_invites_its_user_to_a_room_here()
    {
        var bert = await server.RegisterAsync("bert");
        (await BindAsync(bert.UserId, _anna.UserId, _room, Signed(bert.UserId, "token", s_identityKey))).Ok();
        Assert.NotNull((await bert.GetAsync("v3/sync")).Ok()["rooms"]!["invite"]?[_room]);
        await bert.JoinAsync(_room);
    }

    [Fact]
    public async Task A_bound_identifier_has_the_inviters_server_asked_for_a_room_elsewhere()
    {
        var bert = await server.RegisterAsync("bert");
        JsonNode? asked = null;
        _peer.On("PUT /_matrix/federation/v1/exchange_third_party_invite/", request =>
        {
            asked = request.Json;
            return new JsonObject();
        });
        var room = $"!far:{_peer.Name}";
        (await BindAsync(bert.UserId, _peer.UserId("yan"), room, Signed(bert.UserId, "t", s_identityKey))).Ok();
        Assert.Equal((room, bert.UserId, "invite"),
            (asked!["room_id"]!.GetValue<string>(), asked["state_key"]!.GetValue<string>(), asked["content"]!["membership"]!.GetValue<string>()));
        Assert.Equal("t", asked["content"]!["third_party_invite"]!["signed"]!["token"]!.GetValue<string>());

        // Nobody can have others asked in the name of users who are not here.
        asked = null;
        (await BindAsync("@nobody:" + server.FederationName, _peer.UserId("yan"), room, Signed("@nobody:" + server.FederationName, "t", s_identityKey))).Ok();
        Assert.Null(asked);
        (await BindAsync(_peer.UserId("zoe"), _peer.UserId("yan"), room, Signed(_peer.UserId("zoe"), "t", s_identityKey))).Fails(400, "M_INVALID_PARAM");
    }

    private static JsonNode Signed(string user, string token, SigningKey key)
    {
        var json = Encoding.UTF8.GetBytes(new JsonObject { ["mxid"] = user, ["token"] = token, ["sender"] = "@anna:x" }.ToJsonString());
        Assert.True(SignedJson.Sign(json, "is.test", key, CanonicalJsonMode.Strict).TryGet(out var signed, out _));
        return JsonNode.Parse(signed)!;
    }

    private JsonObject Partial(string target, JsonNode signed) => new()
    {
        ["type"] = "m.room.member",
        ["room_id"] = _room,
        ["sender"] = _anna.UserId,
        ["state_key"] = target,
        ["content"] = new JsonObject
        {
            ["membership"] = "invite",
            ["third_party_invite"] = new JsonObject { ["display_name"] = "whatever", ["signed"] = signed }
        },
    };

    private Task<Answer> BindAsync(string user, string sender, string room, JsonNode signed) =>
        server.Anonymous().PutAsync("/_matrix/federation/v1/3pid/onbind", new JsonObject
        {
            ["medium"] = "email",
            ["address"] = "b@x",
            ["mxid"] = user,
            ["invites"] = new JsonArray(
        new JsonObject { ["medium"] = "email", ["address"] = "b@x", ["mxid"] = user, ["room_id"] = room, ["sender"] = sender, ["signed"] = signed }),
        }.ToJsonString());
}
