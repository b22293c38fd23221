using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Peers.Tests;

/// <summary>What a server's users do in rooms that it is in.</summary>
internal sealed class Acts(PeerServer server)
{
    private const int MaxPrevious = 10;
    private long _clock = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Makes a public room with everybody given among the powerful.</summary>
    public GraphRoom CreateRoom(RoomVersion version, string creator, string joinRule, IEnumerable<string> powerful)
    {
        var content = new JsonObject { ["room_version"] = version.Id };
        if (!version.CreatorIsSender)
            content["creator"] = creator;
        lock (server.Gate)
        {
            var id = version.RoomIdIsCreateHash ? "" : $"!{server.Users.Fresh()}:{server.Name}";
            var create = Build(version, id, creator, EventTypes.Create, "", content, [], [], 1);
            var room = new GraphRoom(create.RoomId, version)
            {
                IgnoresRedactionsOfOthers = server.Character == Character.Sloppy && version.RedactsInContent,
            };
            server.Rooms[room.RoomId] = room;
            room.Take(create);
            Add(room, creator, EventTypes.Member, creator, Member(Membership.Join, creator));
            var users = new JsonObject(
                powerful.Where(u => !version.PrivilegedCreators || u != creator).Select(static u => KeyValuePair.Create(u, (JsonNode?)100)));
            Add(room, creator, EventTypes.PowerLevels, "", new JsonObject { ["users"] = users });
            Add(room, creator, EventTypes.JoinRules, "", new JsonObject { ["join_rule"] = joinRule });
            Add(room, creator, EventTypes.HistoryVisibility, "", new JsonObject { ["history_visibility"] = "shared" });
            return room;
        }
    }

    /// <summary>The content of a member event of one of this server's users.</summary>
    public JsonObject Member(string membership, string user) => new()
    {
        ["membership"] = membership,
        ["displayname"] = server.Users.Names.GetValueOrDefault(user),
    };

    /// <summary>Sends an event into a room; null if its rules do not allow it.</summary>
    public Pdu? Send(GraphRoom room, string sender, string type, string? stateKey, JsonObject content, string? redacts = null, bool isPrivate = false)
    {
        lock (server.Gate)
        {
            var pdu = Draft(room, sender, type, stateKey, content, redacts);
            if (!room.IsAllowed(pdu, room.Current))
                return null;
            var before = room.Servers();
            Assert.True(room.Take(pdu), "what the current state allows is not taken");
            if (!isPrivate)
                Distribute(room, pdu, before);
            return pdu;
        }
    }

    /// <summary>An event on top of the newest ones.</summary>
    public Pdu Draft(GraphRoom room, string sender, string type, string? stateKey, JsonObject content, string? redacts = null)
    {
        using var parsed = JsonDocument.Parse(content.ToJsonString());
        string[] auth =
            [.. AuthTypes.For(room.Version, type, sender, stateKey, parsed.RootElement).Select(k => room.Current.GetValueOrDefault(k)).OfType<string>()];
        string[] previous = [.. room.Extremities.Order(StringComparer.Ordinal).Take(MaxPrevious)];
        var depth = previous.Select(id => room.Find(id)!.Depth).DefaultIfEmpty(0).Max() + 1;
        var hashes = previous.Concat(auth).Distinct().ToDictionary(static id => id, id => EventHashes.ComputeReferenceHash(room.Find(id)!));
        return Build(room.Version, room.RoomId, sender, type, stateKey, content, previous, auth, depth, redacts, hashes);
    }

    /// <summary>The event with a place of its own, as a template names it.</summary>
    public Pdu Build(
        RoomVersion version, string roomId, string sender, string type, string? stateKey, JsonObject content, string[] previous, string[] auth, long depth,
        string? redacts = null, IReadOnlyDictionary<string, string>? hashes = null)
    {
        var built = new PduBuilder
        {
            Sender = sender,
            Type = type,
            StateKey = stateKey,
            Content = Encoding.UTF8.GetBytes(content.ToJsonString()),
            RoomId = version.RoomIdIsCreateHash && type == EventTypes.Create ? null : roomId,
            PrevEvents = previous,
            AuthEvents = auth,
            ReferenceHashes = hashes,
            Depth = depth,
            OriginServerTs = Interlocked.Increment(ref _clock),
            Redacts = redacts,
            EventId = version.EventIdFormat == EventIdFormat.Given ? $"${server.Users.Fresh()}:{server.Name}" : null,
        }.Build(version, server.ServerName, server.Key);
        Assert.True(built.TryGet(out var pdu, out var error), error?.Message);
        return pdu;
    }

    /// <summary>Sends an event of this server to the others that are or were in the room, and to whom it is about.</summary>
    public void Distribute(GraphRoom room, Pdu pdu, IEnumerable<string> before, string? except = null)
    {
        if (server.Character == Character.Sloppy && pdu.Type == EventTypes.Tombstone)
            return;
        var servers = room.Servers().Union(before).ToHashSet(StringComparer.Ordinal);
        if (pdu.Type == EventTypes.Member && pdu.Membership != Membership.Invite)
            servers.Add(DomainOf(pdu.StateKey!));
        servers.Remove(except ?? "");
        server.Outbox.Send(servers, isPdu: true, Node(pdu));
    }

    /// <summary>An event of another server was judged.</summary>
    public void Taken(GraphRoom room, Pdu pdu, bool isShown)
    {
        if (!isShown || pdu.Type != EventTypes.Member)
            return;
        var user = pdu.StateKey!;
        if (DomainOf(user) != server.Name)
            return;
        if (pdu.Membership == Membership.Invite)
            server.Users.Outside[(room.RoomId, user)] = Membership.Invite;
        else
            server.Users.Outside.Remove((room.RoomId, user));
    }

    public static string DomainOf(string id) => id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..];

    public static JsonNode Node(Pdu pdu) => JsonNode.Parse(pdu.Json.Span)!;

    public static JsonArray Nodes(IEnumerable<Pdu> pdus) => new([.. pdus.Select(Node)]);

    private void Add(GraphRoom room, string sender, string type, string stateKey, JsonObject content) =>
        Assert.NotNull(Send(room, sender, type, stateKey, content, isPrivate: true));
}
