using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Peers.Tests.Play;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Peers.Tests.Answering;

/// <summary>What others ask about rooms from outside, files and keys.</summary>
internal sealed class DirectoryAnswers(PeerServer server)
{
    private const string Boundary = "b";

    public Answer Alias(Asked asked)
    {
        lock (server.Gate)
        {
            var room = server.Rooms.Values.FirstOrDefault(r => ISide.AliasOf(r.RoomId, server.Name) == asked.Query.GetValueOrDefault("room_alias"));
            if (room is null)
                return PeerServer.Error(404, "M_NOT_FOUND");
            var servers = new JsonArray([.. room.Servers().Select(static s => JsonValue.Create(s))]);
            return Answers.Ok(new JsonObject { ["room_id"] = room.RoomId, ["servers"] = servers });
        }
    }

    public Answer PublicRooms(Asked asked)
    {
        var term = asked.Body.Length > 0 ? asked.Json["filter"]?["generic_search_term"]?.GetValue<string>() : null;
        lock (server.Gate)
        {
            var chunk = server.Rooms.Values.Select(Summary).Where(s => server.Character == Character.Sloppy || term is null ||
                s["name"]?.GetValue<string>().Contains(term, StringComparison.OrdinalIgnoreCase) == true).ToArray<JsonNode>();
            return Answers.Ok(new JsonObject { ["chunk"] = new JsonArray(chunk), ["total_room_count_estimate"] = chunk.Length });
        }
    }

    public Answer Hierarchy(Asked asked)
    {
        lock (server.Gate)
        {
            if (!server.Rooms.TryGetValue(asked.Path[0], out var room))
                return PeerServer.Error(404, "M_NOT_FOUND");
            var summary = Summary(room);
            summary["children_state"] = new JsonArray();
            return Answers.Ok(new JsonObject { ["room"] = summary, ["children"] = new JsonArray(), ["inaccessible_children"] = new JsonArray() });
        }
    }

    /// <summary>The keys of this server, or as a notary those of others that it was given.</summary>
    public Answer Keys(string[] path, PeerRequest request)
    {
        if (path[4] == "server")
            return new Answer(200, Encoding.UTF8.GetString(Own()));
        var names = path.Length > 5 ? [path[5]] : request.Json["server_keys"]!.AsObject().Select(static s => s.Key);
        var lists = names.Select(n => n == server.Name ? Own() : server.Vouched.GetValueOrDefault(n)).OfType<byte[]>()
            .Select(static l => (ReadOnlyMemory<byte>)l);
        return new Answer(200, Encoding.UTF8.GetString(ServerKeys.BuildNotaryResponse(lists, server.ServerName, server.Key)));
    }

    /// <summary>The list of this server's own keys.</summary>
    public byte[] Own() =>
        ServerKeys.Build(server.ServerName, [server.Key], [], TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds());

    /// <summary>Any file, as servers send them to each other.</summary>
    public static Answer Media() => new(200, string.Join("\r\n", [
        "--" + Boundary, "Content-Type: application/json", "", "{}",
        "--" + Boundary, "Content-Type: text/plain", "Content-Disposition: attachment; filename=x.txt", "", "file", $"--{Boundary}--", ""]))
    {
        ContentType = "multipart/mixed; boundary=" + Boundary,
    };

    /// <summary>Any file, as servers sent them before there was a way for servers alone.</summary>
    public static Answer File() => new(200, "file") { ContentType = "text/plain" };

    private static JsonObject Summary(GraphRoom room) => new()
    {
        ["room_id"] = room.RoomId,
        ["name"] = room.CurrentOf("m.room.name", "") is { } name ? Acts.Node(name)["content"]!["name"]?.DeepClone() : null,
        ["num_joined_members"] = room.Current.Count(static e => e.Key.Type == "m.room.member"),
        ["world_readable"] = false,
        ["guest_can_join"] = false,
        ["join_rule"] = "public",
    };
}
