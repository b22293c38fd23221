using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>A user of the server under attack who has to do with a lying one, and others who have not.</summary>
internal sealed class HostileScene : IAsyncDisposable
{
    private readonly FederatingServer _server;
    private readonly Dictionary<string, string> _local = new(StringComparer.Ordinal);
    private string? _policed;
    private PeersRoom _joined = null!;
    private Peer _honest = null!;
    private PeerInbox _inbox = null!;
    private TestClient _alice = null!;
    private TestClient _bob = null!;
    private string _room = "";
    private int _count;

    private HostileScene(FederatingServer server, LyingPeer peer, TestClient user) => (_server, Peer, User) = (server, peer, user);

    public LyingPeer Peer { get; }

    /// <summary>Who makes the server ask.</summary>
    public TestClient User { get; }

    /// <summary>The lying server's.</summary>
    public string Name => Peer.Peer.Name.Value;

    public static async Task<HostileScene> StartAsync(FederatingServer server)
    {
        var scene = new HostileScene(server, await LyingPeer.StartAsync(), await server.RegisterAsync("victim"));
        scene._joined = await scene.JoinedAsync();
        scene._alice = await server.RegisterAsync("alice");
        scene._bob = await server.RegisterAsync("bob");
        scene._room = await scene._alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        await scene._bob.JoinAsync(scene._room);
        scene._honest = await OrleansMatrix.Gateway.Tests.Federation.Peer.StartAsync();
        scene._inbox = new PeerInbox(scene._honest);
        await scene._honest.JoinAsync(server, scene._room, "zoe");
        return scene;
    }

    public async ValueTask DisposeAsync()
    {
        await Peer.DisposeAsync();
        await _honest.DisposeAsync();
    }

    /// <summary>The server under attack.</summary>
    public ServerName Server => _server.FederationName;

    /// <summary>A public room of <see cref="User"/> in which a user of the lying server is, as that one knows it.</summary>
    public PeerRoom Shared { get; private set; } = null!;

    /// <summary>Another room of the same user, in which one may knock.</summary>
    public string KnockRoom { get; private set; } = "";

    /// <summary>An alias of the shared room.</summary>
    public string Alias => "#" + User.UserId[1..];

    /// <summary>Something was sent there.</summary>
    public string Event { get; private set; } = "";

    /// <summary>Makes the rooms that the lying server sends into.</summary>
    public async Task ShareAsync()
    {
        var room = await User.CreateRoomAsync("""{"preset":"public_chat","room_version":"10"}""");
        Event = await User.SendTextAsync(room, "first");
        KnockRoom = await User.CreateRoomAsync("""
            {"room_version":"10","initial_state":[{"type":"m.room.join_rules","state_key":"","content":{"join_rule":"knock"} }]}
            """);
        (await User.PutAsync($"v3/directory/room/{Uri.EscapeDataString(Alias)}", $$"""{"room_id":"{{room}}"}""")).Ok();
        var invite = """{"display_name":"z","public_key":"AAAA"}""";
        (await User.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.third_party_invite/token", invite)).Ok();
        Shared = await Peer.Peer.JoinAsync(_server, room, "zoe");
    }

    /// <summary>Sends a signed request as the lying server.</summary>
    public Task<Answer> SendAsync(string method, string target, string? body) => Peer.Peer.AskAsync(_server, new HttpMethod(method), target, body);

    /// <summary>The state of the shared room.</summary>
    public async Task<string> SharedStateAsync() => (await User.GetAsync($"v3/rooms/{Shared.Path}/state/m.room.power_levels")).Ok().ToJsonString()
        + (await User.GetAsync($"v3/rooms/{Shared.Path}/state/m.room.join_rules")).Ok().ToJsonString();

    /// <summary>Fails unless those who have nothing to do with the lying server get along as ever.</summary>
    public async Task CheckOthersAsync()
    {
        var text = await _alice.SendTextAsync(_room, "still there");
        var sync = (await _bob.GetAsync("v3/sync?timeout=0")).Ok();
        Assert.Contains(text, sync["rooms"]!["join"]![_room]!["timeline"]!["events"]!.AsArray().Select(e => e!["event_id"]!.GetValue<string>()));
        var messages = $$$"""{"messages":{"{{{_honest.UserId("zoe")}}}":{"*":{"n":{{{++_count}}}} } } }""";
        (await _alice.PutAsync($"v3/sendToDevice/m.canary/{_count}", messages)).Ok();
        while ((await _inbox.NextAsync("m.direct_to_device"))["messages"]![_honest.UserId("zoe")]!["*"]!["n"]!.GetValue<int>() != _count)
        {
        }

        (await User.GetAsync("v3/sync?timeout=0")).Ok();
        Assert.True(_server.Faults.Length == 0, _server.Faults);
    }

    /// <summary>The id of a user of the lying server whom nobody knows.</summary>
    public string FreshId() => $"@{Peer.Fresh()}:{Name}";

    /// <summary>The same in a path.</summary>
    public string FreshUser() => Uri.EscapeDataString(FreshId());

    public Task<Answer> JoinAsync() => User.PostAsync(Peer.NewRoom().Join);

    public Task<Answer> KnockAsync() => User.PostAsync($"v3/knock/{Peer.NewRoom("knock").Room.Path}?via={Name}");

    /// <summary>An invite by the lying server is declined.</summary>
    public async Task<Answer> DeclineAsync()
    {
        var room = Peer.NewRoom().Room;
        var invite = room.Add(Peer.Peer.UserId("mallory"), EventTypes.Member, User.UserId, """{"membership":"invite"}""");
        var body = new JsonObject { ["event"] = PeerRoom.Node(invite), ["room_version"] = room.Version.Id, ["invite_room_state"] = new JsonArray() };
        (await Peer.Peer.AskAsync(
            _server, HttpMethod.Put, $"/_matrix/federation/v2/invite/{room.Path}/{Uri.EscapeDataString(invite.EventId)}", body.ToJsonString())).Ok();
        return await User.PostAsync($"v3/rooms/{room.Path}/leave");
    }

    public async Task<Answer> InviteAsync(string roomVersion)
    {
        if (!_local.TryGetValue(roomVersion, out var room))
            _local[roomVersion] = room = await User.CreateRoomAsync($$"""{"preset":"private_chat","room_version":"{{roomVersion}}"}""");
        return await User.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/invite", $$"""{"user_id":"@{{Peer.Fresh()}}:{{Name}}"}""");
    }

    public Task<Answer> InRoomAsync(string what, string version = "v3") => User.GetAsync($"{version}/rooms/{_joined.Room.Path}/{what}");

    public async Task<Answer> InFreshRoomAsync(string what) => await User.GetAsync($"v3/rooms/{(await JoinedAsync()).Room.Path}/{what}");

    /// <summary>An event comes whose previous events do not.</summary>
    public async Task<Answer> AfterGapAsync()
    {
        var room = await JoinedAsync();
        room.Room.Add(room.Mallory, EventTypes.Member, room.Mallory, """{"membership":"join","displayname":"M"}""");
        room.Room.Say(room.Mallory, "missing");
        return await SendAsync([PeerRoom.Node(room.Room.Say(room.Mallory, "sent"))], []);
    }

    /// <summary>An event comes that names an auth event which does not.</summary>
    public async Task<Answer> WithoutAuthEventAsync()
    {
        var room = (await JoinedAsync()).Room;
        var mallory = Peer.Peer.UserId("mallory");
        var last = room.Last.EventId;
        room.Apply(room.Build(mallory, EventTypes.Member, mallory, """{"membership":"join","displayname":"M"}""", [last]));
        return await SendAsync([PeerRoom.Node(room.Build(mallory, "m.room.message", null, """{"body":"b","msgtype":"m.text"}""", [last]))], []);
    }

    /// <summary>A room is joined whose members are told later; ends when they are asked for.</summary>
    public async Task<Answer> FillRoomAsync()
    {
        var room = Peer.NewRoom(omitsMembers: true);
        for (var i = 0; i < 3; i++)
        {
            var user = Peer.Peer.UserId("m" + i.ToString(CultureInfo.InvariantCulture));
            room.Room.Add(user, EventTypes.Member, user, """{"membership":"join"}""");
        }

        var before = Peer.Times;
        var answer = await User.PostAsync(room.Join);
        await AskedAgainAsync(before);
        return answer;
    }

    /// <summary>Somebody here is found to own an address that was invited to a room elsewhere.</summary>
    public Task<Answer> ExchangeAsync() => _server.Anonymous().PutAsync("/_matrix/federation/v1/3pid/onbind", $$$"""
        {"medium":"email","address":"b@x","mxid":"{{{User.UserId}}}","invites":[{"medium":"email","address":"b@x","mxid":"{{{User.UserId}}}",
        "room_id":"!{{{Peer.Fresh()}}}:{{{Name}}}","sender":"@yan:{{{Name}}}",
        "signed":{"mxid":"{{{User.UserId}}}","token":"t","signatures":{"is.test":{"ed25519:0":"AAAA"} } } }]}
        """);

    /// <summary>The devices of somebody are wanted who has come into a room.</summary>
    public async Task<Answer> FollowDevicesAsync()
    {
        var user = $"@{Peer.Fresh()}:{Name}";
        var join = _joined.Room.Add(user, EventTypes.Member, user, """{"membership":"join"}""");
        Assert.Equal("{}", (await SendAsync([PeerRoom.Node(join)], [])).Ok()["pdus"]![join.EventId]!.ToJsonString());
        return await User.PostAsync("v3/keys/query", $$"""{"device_keys":{"{{user}}":[]} }""");
    }

    public async Task<Answer> SendWithPolicyAsync()
    {
        if (_policed is null)
        {
            _policed = await User.CreateRoomAsync("""{"preset":"public_chat"}""");
            await Peer.Peer.JoinAsync(_server, _policed, "zoe");
            var policy = $$$"""{"via":"{{{Name}}}","public_keys":{"ed25519":"{{{Peer.Peer.Key.VerifyKey.ToBase64()}}}"} }""";
            (await User.PutAsync($"v3/rooms/{Uri.EscapeDataString(_policed)}/state/m.room.policy", policy)).Ok();
        }

        return await User.PutAsync($"v3/rooms/{Uri.EscapeDataString(_policed)}/send/m.room.message/{Peer.Fresh()}", """{"body":"b","msgtype":"m.text"}""");
    }

    /// <summary>A message to a device goes out; ends when the lying server was sent it.</summary>
    public async Task<Answer> SendToDeviceAsync()
    {
        var before = Peer.Times;
        var answer = await User.PutAsync($"v3/sendToDevice/t/{Peer.Fresh()}", $$$"""{"messages":{"{{{Peer.Peer.UserId("mallory")}}}":{"*":{} } } }""");
        await AskedAgainAsync(before);
        return answer;
    }

    private async Task AskedAgainAsync(int before)
    {
        while (Peer.Times == before)
            await Task.Delay(1, TestContext.Current.CancellationToken);
    }

    private async Task<PeersRoom> JoinedAsync()
    {
        var room = Peer.NewRoom();
        (await User.PostAsync(room.Join)).Ok();
        return room;
    }

    private Task<Answer> SendAsync(JsonNode[] pdus, JsonNode[] edus) => Peer.Peer.AskAsync(
        _server, HttpMethod.Put, "/_matrix/federation/v1/send/" + Peer.Fresh(), new JsonObject
        {
            ["origin"] = Name,
            ["origin_server_ts"] = 1,
            ["pdus"] = new JsonArray(pdus),
            ["edus"] = new JsonArray(edus),
        }.ToJsonString());
}
