using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>
/// A public room that a user of a <see cref="Peer"/> made, and that others join through it; each answer can be put in place of the honest one.
/// </summary>
public sealed class PeersRoom : IAsyncDisposable
{
    private const string Federation = "/_matrix/federation/";

    /// <param name="name">The part of its id before the server's name.</param>
    /// <param name="joinRule">Who may come in.</param>
    public PeersRoom(Peer peer, string name = "room", string joinRule = "public")
    {
        Peer = peer;
        Assert.True(RoomVersion.TryGet("10", out var version));
        Mallory = peer.UserId("mallory");
        Room = new PeerRoom(peer, $"!{name}:{peer.Name}", version);
        Room.Apply(Room.Build(Mallory, EventTypes.Create, "", $$"""{"creator":"{{Mallory}}","room_version":"10"}""", [], []));
        Room.Add(Mallory, EventTypes.Member, Mallory, """{"membership":"join"}""");
        Room.Add(Mallory, EventTypes.PowerLevels, "", $$$"""{"users":{"{{{Mallory}}}":100}}""");
        Room.Add(Mallory, EventTypes.JoinRules, "", $$"""{"join_rule":"{{joinRule}}"}""");
    }

    public Peer Peer { get; }

    public PeerRoom Room { get; }

    public string Mallory { get; }

    /// <summary>The path by which a client joins.</summary>
    public string Join => $"v3/join/{Room.Path}?via={Peer.Name}";

    /// <summary>A room of a server of its own that lets others join it.</summary>
    public static async Task<PeersRoom> StartAsync()
    {
        var room = new PeersRoom(await Peer.StartAsync());
        room.Peer.On($"GET {Federation}v1/make_join/", request => room.Template(request.Last, "join"));
        room.Peer.On($"PUT {Federation}v2/send_join/", _ => room.Joined());
        return room;
    }

    public ValueTask DisposeAsync() => Peer.DisposeAsync();

    /// <summary>Answers to send_join of version 2.</summary>
    public void OnSendJoin(string json, int status = 200) => Peer.On($"PUT {Federation}v2/send_join/", _ => new Answer(status, json));

    /// <summary>The honest body of an answer to send_join.</summary>
    public JsonObject Joined(bool membersOmitted = false)
    {
        var state = Room.State.Values.Where(e => !membersOmitted || e.Type != EventTypes.Member).ToList();
        return new JsonObject
        {
            ["auth_chain"] = PeerRoom.Array(Room.AuthChain(state)),
            ["state"] = PeerRoom.Array(state),
            ["members_omitted"] = membersOmitted,
            ["servers_in_room"] = new JsonArray(Peer.Name.Value),
        };
    }

    /// <summary>The body of an answer to make_join or its like.</summary>
    public JsonObject Template(string userId, string membership) => new()
    {
        ["room_version"] = Room.Version.Id,
        ["event"] = new JsonObject
        {
            ["room_id"] = Room.RoomId,
            ["sender"] = userId,
            ["state_key"] = userId,
            ["type"] = EventTypes.Member,
            ["content"] = new JsonObject { ["membership"] = membership },
            ["depth"] = Room.Last.Depth + 1,
            ["origin_server_ts"] = 1,
            ["prev_events"] = new JsonArray(Room.Last.EventId),
            ["auth_events"] = PeerRoom.Array(
            Room.State.Values.Where(e => e.Type is EventTypes.Create or EventTypes.PowerLevels or EventTypes.JoinRules).Select(e => e.EventId)),
        },
    };
}
