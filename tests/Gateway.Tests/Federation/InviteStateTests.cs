using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>What servers tell each other of a room with an invite or knock (S-S API, Inviting to a room; Knocking upon a room).</summary>
public sealed class InviteStateTests(TwoServers servers) : IClassFixture<TwoServers>
{
    private FederatingServer One => servers.One;

    private FederatingServer Two => servers.Two;

    [Theory]
    [InlineData("2")]
    [InlineData("11")]
    [InlineData("12")]
    public async Task An_invite_and_the_answer_to_a_knock_tell_whole_events(string version)
    {
        Assert.True(RoomVersion.TryGet(version, out var known));
        await using var peer = await Peer.StartAsync();
        JsonNode? told = null;
        peer.On("PUT /_matrix/federation/v2/invite/", request =>
        {
            told = request.Json["invite_room_state"];
            return new JsonObject { ["event"] = PeerRoom.Node(EventSignatures.Sign(Parse(request.Json["event"]!, known), peer.Name, peer.Key)) };
        });
        var anna = await One.RegisterAsync("anna");
        var room = await anna.CreateRoomAsync($$"""
            {"preset":"private_chat","room_version":"{{version}}","name":"The room",
                "initial_state":[{"type":"m.room.encryption","state_key":"","content":{"algorithm":"m.megolm.v1.aes-sha2"} }]}
            """);
        (await anna.PostAsync($"v3/rooms/{Path(room)}/invite", $$"""{"user_id":"{{peer.UserId("zoe")}}"}""")).Ok();
        AssertTold(told!, ["m.room.create", "m.room.join_rules", "m.room.name", "m.room.encryption", "m.room.member"], room, known);
        if (!known.Knocking)
            return;

        (await anna.PutAsync($"v3/rooms/{Path(room)}/state/m.room.join_rules", """{"join_rule":"knock"}""")).Ok();
        var user = peer.UserId("kim");
        var target = $"/_matrix/federation/v1/make_knock/{Path(room)}/{Path(user)}?ver={version}";
        var template = (await peer.AskAsync(One, HttpMethod.Get, target)).Ok()["event"]!;
        var knock = new PeerRoom(peer, room, known).Build(
            user, EventTypes.Member, user, """{"membership":"knock"}""", PeerRoom.Strings(template["prev_events"]!), PeerRoom.Strings(template["auth_events"]!),
            template["depth"]!.GetValue<long>());
        var sent = await peer.AskAsync(
            One, HttpMethod.Put, $"/_matrix/federation/v1/send_knock/{Path(room)}/{Path(knock.EventId)}", Encoding.UTF8.GetString(knock.Json.Span));
        AssertTold(sent.Ok()["knock_room_state"]!, ["m.room.create", "m.room.join_rules", "m.room.name", "m.room.encryption"], room, known);
    }

    [Theory]
    [InlineData("whole", "11", true)]
    [InlineData("whole", "12", true)]
    [InlineData("stripped", "11", true)]
    [InlineData("stripped", "12", false)]
    [InlineData("nothing", "11", true)]
    [InlineData("nothing", "12", false)]
    [InlineData("without create", "11", true)]
    [InlineData("without create", "12", false)]
    [InlineData("of another room", "12", false)]
    [InlineData("not signed", "12", false)]
    [InlineData("a message", "12", false)]
    public async Task An_invite_must_tell_events_of_the_room_that_verify_from_version_12_on(string told, string version, bool isTaken)
    {
        await using var peer = await Peer.StartAsync();
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var room = await peer.JoinAsync(One, await anna.CreateRoomAsync($$"""{"preset":"public_chat","room_version":"{{version}}"}"""), "pat");
        var pat = peer.UserId("pat");
        var invite = room.Add(pat, EventTypes.Member, bert.UserId, """{"membership":"invite"}""");
        List<Pdu> state = [.. room.State.Values.Where(e => e.Type is EventTypes.Create or EventTypes.JoinRules)];
        var forged = SigningKey.FromSeed("peer", new byte[32]);
        switch (told)
        {
            case "without create":
                state.RemoveAll(e => e.Type == EventTypes.Create);
                break;
            case "of another room":
                state.Add(room.Build(pat, "m.room.topic", "", "{}", [room.Last.EventId], room: $"!{new string('a', 43)}"));
                break;
            case "not signed":
                state.Add(room.Build(pat, "m.room.topic", "", "{}", [room.Last.EventId], key: forged));
                break;
            case "a message":
                state.Add(room.Say(pat, "hello"));
                break;
        }

        var list = told switch
        {
            "nothing" => [],
            "stripped" => new JsonArray([.. state.Select(Stripped)]),
            _ => PeerRoom.Array(state),
        };
        var body = new JsonObject { ["event"] = PeerRoom.Node(invite), ["room_version"] = version, ["invite_room_state"] = list };
        var answer = await peer.AskAsync(Two, HttpMethod.Put, $"/_matrix/federation/v2/invite/{room.Path}/{Path(invite.EventId)}", body.ToJsonString());
        if (!isTaken)
        {
            answer.Fails(400, "M_INVALID_PARAM");
            Assert.Null((await bert.GetAsync("v3/sync")).Ok()["rooms"]?["invite"]);
            return;
        }

        answer.Ok();
        var shown = (await bert.GetAsync("v3/sync")).Ok()["rooms"]!["invite"]![room.RoomId]!["invite_state"]!["events"]!.AsArray();
        Assert.All(shown, e => Assert.Equal(["content", "sender", "state_key", "type"], e!.AsObject().Select(m => m.Key).Order()));
        Assert.Equal(told == "nothing" ? 1 : state.Count + 1, shown.Count);
    }

    [Fact]
    public async Task What_a_server_tells_at_a_knock_is_shown_as_far_as_it_verifies()
    {
        await using var peer = await Peer.StartAsync();
        var (anna, bert) = (await One.RegisterAsync("anna"), await Two.RegisterAsync("bert"));
        var room = await peer.JoinAsync(One, await anna.CreateRoomAsync("""{"preset":"public_chat","room_version":"12"}"""), "pat");
        peer.On("GET /_matrix/federation/v1/make_knock/", _ => new JsonObject
        {
            ["room_version"] = "12",
            ["event"] = new JsonObject
            {
                ["room_id"] = room.RoomId,
                ["sender"] = bert.UserId,
                ["state_key"] = bert.UserId,
                ["type"] = "m.room.member",
                ["content"] = new JsonObject { ["membership"] = "knock" },
                ["depth"] = 9,
                ["prev_events"] = new JsonArray(room.Last.EventId),
                ["auth_events"] = new JsonArray(room.Last.EventId),
            },
        });
        var create = room.State.Values.Single(e => e.Type == EventTypes.Create);
        var forged = room.Build(
            peer.UserId("pat"), "m.room.name", "", """{"name":"forged"}""", [room.Last.EventId], key: SigningKey.FromSeed("peer", new byte[32]));
        peer.On("PUT /_matrix/federation/v1/send_knock/", _ => new JsonObject
        {
            ["knock_room_state"] = new JsonArray(PeerRoom.Node(create), PeerRoom.Node(forged), Stripped(create), "no event"),
        });
        (await bert.PostAsync($"v3/knock/{room.Path}?via={peer.Name}")).Ok();
        var shown = (await bert.GetAsync("v3/sync")).Ok()["rooms"]!["knock"]![room.RoomId]!["knock_state"]!["events"]!.AsArray();
        Assert.Equal(["m.room.create", "m.room.member"], shown.Select(e => e!["type"]!.GetValue<string>()));
        Assert.All(shown, e => Assert.Equal(["content", "sender", "state_key", "type"], e!.AsObject().Select(m => m.Key).Order()));
    }

    private static string Path(string id) => Uri.EscapeDataString(id);

    private static Pdu Parse(JsonNode json, RoomVersion version)
    {
        Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), version).TryGet(out var pdu, out var error), error?.Message);
        return pdu;
    }

    private void AssertTold(JsonNode told, string[] types, string room, RoomVersion version)
    {
        var events = told.AsArray().Select(e => Parse(e!, version)).ToList();
        Assert.Equal(types.Order(), events.Select(e => e.Type).Order());
        Assert.All(events, e =>
        {
            Assert.Equal(room, e.RoomId);
            Assert.Contains(One.FederationName.Value, Encoding.UTF8.GetString(e.Json.Span), StringComparison.Ordinal);
            Assert.False(JsonNode.Parse(e.Json.Span)!.AsObject().ContainsKey("unsigned"));
        });
    }

    private static JsonNode Stripped(Pdu pdu) => new JsonObject
    {
        ["type"] = pdu.Type,
        ["sender"] = pdu.Sender,
        ["state_key"] = pdu.StateKey,
        ["content"] = PeerRoom.Node(pdu)["content"]!.DeepClone(),
    };
}
