using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>What an honest server answers, about a room that its user Mallory made; from there a test can lie.</summary>
public sealed class PeerAnswers(PeersRoom room)
{
    private const string Key = """{"key":"AAAA","signatures":{}}""";

    private const string Boundary = "b";
    private const int Page = 3;

    /// <summary>Who joins is not told the members at once.</summary>
    public bool OmitsMembers { get; set; }

    private PeerRoom Room => room.Room;

    /// <summary>The honest answer to a request; null to what other servers are not asked.</summary>
    public Answer? To(PeerRequest request)
    {
        var path = request.Line[(request.Line.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split('/');
        if (path.Length < 5)
            return null;
        if (path[4] == "media")
            return Media();
        var json = path[2] == "policy" ? Signatures() : path[4] switch
        {
            "make_join" => room.Template(request.Last, "join").ToJsonString(),
            "make_leave" => room.Template(request.Last, "leave").ToJsonString(),
            "make_knock" => room.Template(request.Last, "knock").ToJsonString(),
            "send_join" => room.Joined(OmitsMembers).ToJsonString(),
            "send_leave" or "exchange_third_party_invite" => "{}",
            "send_knock" => new JsonObject { ["knock_room_state"] = new JsonArray([.. Room.State.Values.Select(Stripped)]) }.ToJsonString(),
            "invite" => Invite(request),
            "send" => """{"pdus":{}}""",
            "state" => new JsonObject { ["pdus"] = PeerRoom.Array(Room.State.Values), ["auth_chain"] = Chain() }.ToJsonString(),
            "state_ids" => new JsonObject
            {
                ["pdu_ids"] = PeerRoom.Array(Room.State.Values.Select(p => p.EventId)),
                ["auth_chain_ids"] = PeerRoom.Array(Room.AuthChain(Room.State.Values).Select(p => p.EventId)),
            }.ToJsonString(),
            "event_auth" => new JsonObject { ["auth_chain"] = Chain() }.ToJsonString(),
            "event" => Pdus(Room.Events.TryGetValue(request.Last, out var pdu) ? [pdu] : []),
            "backfill" => Pdus(Room.Events.Values.Reverse().Take(Page)),
            "get_missing_events" => new JsonObject { ["events"] = PeerRoom.Array(Room.Events.Values.Reverse().Take(Page)) }.ToJsonString(),
            "timestamp_to_event" => $$"""{"event_id":"{{Room.Last.EventId}}","origin_server_ts":1}""",
            "query" when request.Last == "profile" => """{"displayname":"Mallory","avatar_url":"mxc://x/y","m.tz":"UTC"}""",
            "query" => $$"""{"room_id":"{{Room.RoomId}}","servers":["{{room.Peer.Name}}"]}""",
            "publicRooms" => $$"""{"chunk":[{{Summary()}}],"next_batch":"n","prev_batch":"p","total_room_count_estimate":1}""",
            "hierarchy" => $$"""{"room":{{Summary()}},"children":[{{Summary()}}],"inaccessible_children":["!no:{{room.Peer.Name}}"]}""",
            "user" when path[5] == "devices" => $$"""
                {"user_id":"{{request.Last}}","stream_id":5,"devices":[{"device_id":"D","keys":{{DeviceKeys(request.Last)}},"device_display_name":"d"}],
                "master_key":{{Master(request.Last)}},"self_signing_key":{{Master(request.Last)}} }
                """,
            "user" when request.Last == "query" => $$"""
                {"device_keys":{"{{Asked(request)}}":{"D":{{DeviceKeys(Asked(request))}} } },"master_keys":{"{{Asked(request)}}":{{Master(Asked(request))}} } }
                """,
            "user" => $$"""{"one_time_keys":{"{{Asked(request)}}":{"D":{"signed_curve25519:A":{{Key}} } } } }""",
            "version" => """{"server":{"name":"peer","version":"1"}}""",
            _ => null,
        };

        // Version 1 of these is a list of status and body.
        if (path[3] == "v1" && path[4] is "send_join" or "send_leave" or "invite" && json is not null)
            json = $"[200,{json}]";
        return json is null ? null : new Answer(200, json);
    }

    /// <summary>A file as servers send it to each other: a list of parts, of which the second is the file.</summary>
    private static Answer Media() => new(200, string.Join("\r\n", [
        "--" + Boundary, "Content-Type: application/json", "", "{}",
        "--" + Boundary, "Content-Type: text/plain", "Content-Disposition: attachment; filename=x.txt", "", "file", $"--{Boundary}--", ""]))
    {
        ContentType = "multipart/mixed; boundary=" + Boundary,
    };

    /// <summary>The user whose keys are asked for.</summary>
    private string Asked(PeerRequest request) =>
        ((request.Json as JsonObject)?.FirstOrDefault().Value as JsonObject)?.FirstOrDefault().Key ?? room.Mallory;

    private static string DeviceKeys(string user) => $$"""
        {"user_id":"{{user}}","device_id":"D","algorithms":["m.olm.v1.curve25519-aes-sha2"],"keys":{"ed25519:D":"k","curve25519:D":"c"},
        "signatures":{"{{user}}":{"ed25519:D":"s"} } }
        """;

    private static string Master(string user) => $$"""{"user_id":"{{user}}","usage":["master"],"keys":{"ed25519:AAAA":"AAAA"} }""";

    private string Signatures() => $$$"""{"{{{room.Peer.Name}}}":{"ed25519:policy_server":"AAAA"} }""";

    private string Summary() => $$$"""
        {"room_id":"{{{Room.RoomId}}}","name":"n","topic":"t","canonical_alias":"#a:{{{room.Peer.Name}}}","num_joined_members":2,"world_readable":true,
        "guest_can_join":true,"join_rule":"public","room_type":"m.space","avatar_url":"mxc://x/y","room_version":"10","allowed_room_ids":["!x:y"],
        "children_state":[{"type":"m.space.child","state_key":"!c:{{{room.Peer.Name}}}","sender":"{{{room.Mallory}}}","origin_server_ts":1,
        "content":{"via":["{{{room.Peer.Name}}}"],"order":"a"} }]}
        """;

    private JsonArray Chain() => PeerRoom.Array(Room.AuthChain(Room.State.Values));

    private string Pdus(IEnumerable<Pdu> pdus) =>
        new JsonObject { ["origin"] = room.Peer.Name.Value, ["origin_server_ts"] = 1, ["pdus"] = PeerRoom.Array(pdus) }.ToJsonString();

    private static JsonNode Stripped(Pdu pdu) => new JsonObject
    {
        ["type"] = pdu.Type,
        ["state_key"] = pdu.StateKey,
        ["sender"] = pdu.Sender,
        ["content"] = PeerRoom.Node(pdu)["content"]!.DeepClone(),
    };

    private string Invite(PeerRequest request)
    {
        var isWhole = request.Json is JsonObject body && body["room_version"] is not null;
        var node = isWhole ? request.Json["event"]! : request.Json;
        RoomVersion.TryGet(isWhole ? request.Json["room_version"]!.GetValue<string>() : "1", out var version);
        return Pdu.Parse(Encoding.UTF8.GetBytes(node.ToJsonString()), version ?? Room.Version).TryGet(out var pdu, out _)
            ? $$"""{"event":{{Encoding.UTF8.GetString(EventSignatures.Sign(pdu, room.Peer.Name, room.Peer.Key).Json.Span)}} }"""
            : "{}";
    }
}
