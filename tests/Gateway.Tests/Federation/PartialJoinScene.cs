using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>
/// Users of a server join the room of a <see cref="Peer"/>, which leaves out its members (S-S API, send_join, omit_members); these come when they may. What
/// the peer tells of the state is that before the join.
/// </summary>
internal sealed class PartialJoinScene : IAsyncDisposable
{
    /// <summary>Of the peer's server, its Mallory among them.</summary>
    public const int Members = 11;

    private const string Federation = "/_matrix/federation/";
    private readonly List<Peer> _others = [];
    private TaskCompletionSource _mayCome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PartialJoinScene(FederatingServer server, PeersRoom hand) => (Server, Hand) = (server, hand);

    public FederatingServer Server { get; }

    public PeersRoom Hand { get; }

    public string Rooms => $"v3/rooms/{Hand.Room.Path}";

    public static async Task<PartialJoinScene> StartAsync(bool hasClock = false)
    {
        var server = new FederatingServer { Clock = hasClock ? new TestClock(TimeProvider.System.GetUtcNow()) : null };
        await server.InitializeAsync();
        var scene = new PartialJoinScene(server, await PeersRoom.StartAsync());
        var hand = scene.Hand;
        hand.Room.Add(hand.Mallory, EventTypes.PowerLevels, "", $$$"""{"users":{"{{{hand.Mallory}}}":100},"events":{"m.room.topic":0}}""");
        for (var i = 1; i < Members; i++)
            hand.Room.Add(hand.Peer.UserId($"member{i}"), EventTypes.Member, hand.Peer.UserId($"member{i}"), """{"membership":"join"}""");
        hand.Peer.On($"PUT {Federation}v2/send_join/", scene.TakeJoin);
        server.BeforeAsking = scene.HoldAsync;
        return scene;
    }

    /// <summary>Another server that is said to be in the room.</summary>
    public async Task<Peer> AddServerAsync()
    {
        var other = await Peer.StartAsync(number: (byte)(20 + _others.Count));
        _others.Add(other);
        return other;
    }

    /// <summary>A user of another server joins the room through the peer.</summary>
    public string AddMember(Peer other)
    {
        var user = other.UserId("oscar");
        var room = Hand.Room;
        var auth = room.State.Values.Where(e => e.Type is EventTypes.Create or EventTypes.PowerLevels or EventTypes.JoinRules).Select(e => e.EventId);
        room.Apply(new PeerRoom(other, room.RoomId, room.Version).Build(
            user, EventTypes.Member, user, """{"membership":"join"}""", [room.Last.EventId], [.. auth], room.Last.Depth + 1));
        return user;
    }

    public async Task<TestClient> JoinAsync(string name)
    {
        var user = await Server.RegisterAsync(name);
        (await user.PostAsync(Hand.Join)).Ok();
        return user;
    }

    /// <summary>The state before the join is given to who asks for it.</summary>
    public void LetMembersCome() => _mayCome.TrySetResult();

    public void HoldMembers() => _mayCome = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The room in the <c>join</c> section, null if it is not there, and the token that comes with it.</summary>
    public async Task<(JsonNode? Room, string Next)> SyncAsync(TestClient user, string? since = null, bool isLazy = false, int timeout = 0)
    {
        var sync = (await user.GetAsync(Path(since, isLazy, timeout))).Ok();
        return (sync["rooms"]?["join"]?[Hand.Room.RoomId], sync["next_batch"]!.GetValue<string>());
    }

    /// <summary>The room as the first sync that has it in the <c>join</c> section tells it.</summary>
    public Task<JsonNode> SeesAsync(TestClient user, string since, bool isLazy = false) => SeesAsync(user, since, "join", isLazy);

    /// <summary>The room as the first sync that has it in that section tells it.</summary>
    public async Task<JsonNode> SeesAsync(TestClient user, string since, string section, bool isLazy = false)
    {
        for (var i = 0; i < 30; i++)
        {
            var sync = (await user.GetAsync(Path(since, isLazy, 10_000))).Ok();
            if (sync["rooms"]?[section]?[Hand.Room.RoomId] is { } room)
                return room;
            since = sync["next_batch"]!.GetValue<string>();
        }

        throw new InvalidOperationException($"{user.UserId} does not see the room");
    }

    /// <summary>The users whose member events a room's state in a sync has.</summary>
    public static IReadOnlyList<string> MembersIn(JsonNode room) =>
        [.. room["state"]!["events"]!.AsArray().Concat(room["timeline"]!["events"]!.AsArray())
            .Where(e => e!["type"]!.GetValue<string>() == EventTypes.Member).Select(e => e!["state_key"]!.GetValue<string>()).Distinct().Order()];

    public async Task<int> CountJoinedAsync(TestClient user) => (await user.GetAsync($"{Rooms}/joined_members")).Ok()["joined"]!.AsObject().Count;

    public async ValueTask DisposeAsync()
    {
        LetMembersCome();
        await Server.DisposeAsync();
        await Hand.DisposeAsync();
        foreach (var other in _others)
            await other.DisposeAsync();
    }

    private static string Path(string? since, bool isLazy, int timeout) => $"v3/sync?timeout={timeout}{(since is null ? "" : "&since=" + since)}" +
        (isLazy ? "&filter=" + Uri.EscapeDataString("""{"room":{"state":{"lazy_load_members":true}}}""") : "");

    private Answer TakeJoin(PeerRequest request)
    {
        Assert.True(Pdu.Parse(Encoding.UTF8.GetBytes(request.Body), Hand.Room.Version).TryGet(out var join, out var error), error?.Message);
        var answer = Hand.Joined(membersOmitted: true);
        foreach (var other in _others)
            answer["servers_in_room"]!.AsArray().Add(other.Name.Value);
        Hand.Room.ServeState();
        Hand.Room.Apply(join);
        return new Answer(200, answer.ToJsonString());
    }

    private Task HoldAsync(HttpRequestMessage request) =>
        request.RequestUri!.AbsolutePath.Contains("/v1/state/", StringComparison.Ordinal) ? _mayCome.Task : Task.CompletedTask;
}
