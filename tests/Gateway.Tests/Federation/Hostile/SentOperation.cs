using System.Text;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>Something that other servers may ask this one for.</summary>
/// <param name="Make">Makes a valid request that was not sent before.</param>
/// <param name="Status">What the answer to the valid request is.</param>
internal sealed record SentOperation(string Method, string Route, Func<HostileScene, Task<SentRequest>> Make, int Status = 200)
{
    private const string V1 = "/_matrix/federation/v1/";
    private const string V2 = "/_matrix/federation/v2/";
    private const string Versions = "10";
    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SentOperation> All { get; } =
    [
        new("GET", V1 + "make_join/{roomId}/{userId}", static s => Get(RoomAnd("userId", s, s.FreshId()), ("ver", Versions))),
        new("PUT", V1 + "send_join/{roomId}/{eventId}", static s => MemberAsync(s, s.FreshId(), "join")),
        new("PUT", V2 + "send_join/{roomId}/{eventId}", static s => MemberAsync(s, s.FreshId(), "join")),
        new("GET", V1 + "make_leave/{roomId}/{userId}", static s => Get(RoomAnd("userId", s, s.Peer.Peer.UserId("zoe")))),
        new("PUT", V1 + "send_leave/{roomId}/{eventId}", LeaveAsync),
        new("PUT", V2 + "send_leave/{roomId}/{eventId}", LeaveAsync),
        new("GET", V1 + "make_knock/{roomId}/{userId}", static s => Get(
            new() { ["roomId"] = s.KnockRoom, ["userId"] = s.FreshId() }, ("ver", Versions))),
        new("PUT", V1 + "send_knock/{roomId}/{eventId}", KnockAsync),
        new("PUT", V1 + "invite/{roomId}/{eventId}", static s => InviteAsync(s, static json => json), 400),
        new("PUT", V2 + "invite/{roomId}/{eventId}", static s => InviteAsync(
            s, static json => $$"""{"room_version":"10","event":{{json}},"invite_room_state":[{{json}}]}""")),
        new("PUT", V1 + "send/{txnId}", SendAsync),
        new("GET", V1 + "event/{eventId}", static s => Get(new() { ["eventId"] = s.Event })),
        new("GET", V1 + "state/{roomId}", static s => Get(Room(s), ("event_id", s.Event))),
        new("GET", V1 + "state_ids/{roomId}", static s => Get(Room(s), ("event_id", s.Event))),
        new("GET", V1 + "event_auth/{roomId}/{eventId}", static s => Get(RoomAnd("eventId", s, s.Event))),
        new("GET", V1 + "backfill/{roomId}", static s => Get(Room(s), ("v", s.Event), ("limit", "10"))),
        new("POST", V1 + "get_missing_events/{roomId}", static s => Post(Room(s), $$"""
            {"earliest_events":["{{s.Shared.State.Values.First().EventId}}"],"latest_events":["{{s.Event}}"],"limit":10,"min_depth":0}
            """)),
        new("GET", V1 + "timestamp_to_event/{roomId}", static s => Get(Room(s), ("ts", "0"), ("dir", "f"))),
        new("GET", V1 + "query/profile", static s => Get([], ("user_id", s.User.UserId), ("field", "displayname"))),
        new("GET", V1 + "query/directory", static s => Get([], ("room_alias", s.Alias))),
        new("GET", V1 + "publicRooms", static s => Get([], ("limit", "5"), ("since", ""), ("include_all_networks", "true"))),
        new("POST", V1 + "publicRooms", static s => Post([], """{"limit":5,"filter":{"generic_search_term":"n","room_types":[null]}}""")),
        new("GET", V1 + "hierarchy/{roomId}", static s => Get(Room(s), ("suggested_only", "false"))),
        new("GET", V1 + "user/devices/{userId}", static s => Get(new() { ["userId"] = s.User.UserId })),
        new("POST", V1 + "user/keys/query", static s => Post([], $$"""{"device_keys":{"{{s.User.UserId}}":["{{s.User.DeviceId}}"]} }""")),
        new("POST", V1 + "user/keys/claim", static s => Post(
            [], $$$"""{"one_time_keys":{"{{{s.User.UserId}}}":{"{{{s.User.DeviceId}}}":"signed_curve25519"} } }""")),
        new("PUT", V1 + "exchange_third_party_invite/{roomId}", static s => Post(Room(s), $$$"""
            {"type":"m.room.member","room_id":"{{{s.Shared.RoomId}}}","sender":"{{{s.User.UserId}}}","state_key":"{{{s.FreshId()}}}",
            "content":{"membership":"invite","third_party_invite":{"display_name":"z","signed":{"mxid":"{{{s.FreshId()}}}","token":"token",
            "signatures":{"is.test":{"ed25519:0":"AAAA"} } } } } }
            """), 400),
        new("PUT", V1 + "3pid/onbind", static s => Post([], $$$"""
            {"medium":"email","address":"b@x","mxid":"{{{s.User.UserId}}}","invites":[{"medium":"email","address":"b@x","mxid":"{{{s.User.UserId}}}",
            "room_id":"{{{s.Shared.RoomId}}}","sender":"{{{s.User.UserId}}}",
            "signed":{"mxid":"{{{s.User.UserId}}}","token":"token","signatures":{"is.test":{} } } }]}
            """)),
        new("GET", V1 + "openid/userinfo", static s => Get([], ("access_token", "x")), 401),
        new("GET", V1 + "version", static s => Get([])),
        new("GET", V1 + "media/download/{mediaId}", static s => Get(new() { ["mediaId"] = "x" }, ("timeout_ms", "0")), 404),
        new("GET", V1 + "media/thumbnail/{mediaId}", static s => Get(
            new() { ["mediaId"] = "x" }, ("timeout_ms", "0"), ("width", "9"), ("height", "9"), ("method", "crop"), ("animated", "true")), 404),
        new("GET", "/_matrix/key/v2/server", static s => Get([])),
        new("GET", "/_matrix/key/v2/server/{keyId}", static s => Get(new() { ["keyId"] = "ed25519:x" })),
        new("GET", "/_matrix/key/v2/query/{serverName}", static s => Get(new() { ["serverName"] = s.Name }, ("minimum_valid_until_ts", "0"))),
        new("GET", "/_matrix/key/v2/query/{serverName}/{keyId}", static s => Get(
            new() { ["serverName"] = s.Name, ["keyId"] = "ed25519:x" }, ("minimum_valid_until_ts", "0"))),
        new("POST", "/_matrix/key/v2/query", static s => Post([], $$$"""{"server_keys":{"{{{s.Name}}}":{"ed25519:x":{"minimum_valid_until_ts":0} } } }""")),
        new("POST", "/_matrix/policy/v1/sign", static s => Message(s, static json => json), 404),
    ];

    private static Task<SentRequest> Get(Dictionary<string, string> path, params (string Name, string Value)[] query) =>
        Task.FromResult(new SentRequest(path, query.ToDictionary(q => q.Name, q => q.Value)));

    private static Task<SentRequest> Post(Dictionary<string, string> path, string body) => Task.FromResult(new SentRequest(path, s_none, Body: _ => body));

    private static Dictionary<string, string> Room(HostileScene s) => new() { ["roomId"] = s.Shared.RoomId };

    private static Dictionary<string, string> RoomAnd(string name, HostileScene s, string value) => new() { ["roomId"] = s.Shared.RoomId, [name] = value };

    private static string Text(Pdu pdu) => Encoding.UTF8.GetString(pdu.Json.Span);

    private static Task<SentRequest> MemberAsync(HostileScene s, string user, string membership)
    {
        var pdu = s.Shared.Build(user, EventTypes.Member, user, $$"""{"membership":"{{membership}}"}""", [s.Shared.Last.EventId]);
        return Task.FromResult(new SentRequest(RoomAnd("eventId", s, pdu.EventId), s_none, Text(pdu), static json => json));
    }

    private static async Task<SentRequest> LeaveAsync(HostileScene s)
    {
        var user = s.FreshId();
        var room = await s.Peer.Peer.JoinAsync(s.Server, s.Shared.RoomId, user[1..user.IndexOf(':', StringComparison.Ordinal)]);
        var pdu = room.Build(user, EventTypes.Member, user, """{"membership":"leave"}""", [room.Last.EventId]);
        return new SentRequest(RoomAnd("eventId", s, pdu.EventId), s_none, Text(pdu), static json => json);
    }

    private static async Task<SentRequest> KnockAsync(HostileScene s)
    {
        var user = s.FreshId();
        var made = (await s.SendAsync(
            "GET", $"{V1}make_knock/{Uri.EscapeDataString(s.KnockRoom)}/{Uri.EscapeDataString(user)}?ver={Versions}", null)).Ok()["event"]!;
        var pdu = s.Shared.Build(
            user, EventTypes.Member, user, """{"membership":"knock"}""", PeerRoom.Strings(made["prev_events"]!), PeerRoom.Strings(made["auth_events"]!),
            made["depth"]!.GetValue<long>(), room: s.KnockRoom);
        return new SentRequest(new Dictionary<string, string> { ["roomId"] = s.KnockRoom, ["eventId"] = pdu.EventId }, s_none, Text(pdu), static json => json);
    }

    private static Task<SentRequest> InviteAsync(HostileScene s, Func<string, string> body)
    {
        var room = s.Peer.NewRoom().Room;
        var pdu = room.Build(s.Peer.Peer.UserId("mallory"), EventTypes.Member, s.User.UserId, """{"membership":"invite"}""", [room.Last.EventId]);
        return Task.FromResult(new SentRequest(
            new Dictionary<string, string> { ["roomId"] = room.RoomId, ["eventId"] = pdu.EventId }, s_none, Text(pdu), body));
    }

    private static Task<SentRequest> Message(HostileScene s, Func<string, string> body)
    {
        var pdu = s.Shared.Build(s.Peer.Peer.UserId("zoe"), "m.room.message", null, """{"body":"b","msgtype":"m.text"}""", [s.Shared.Last.EventId]);
        return Task.FromResult(new SentRequest(new Dictionary<string, string>(), s_none, Text(pdu), body));
    }

    private static async Task<SentRequest> SendAsync(HostileScene s)
    {
        var zoe = s.Peer.Peer.UserId("zoe");
        var edus = $$$$"""
            {"edu_type":"m.typing","content":{"room_id":"{{{{s.Shared.RoomId}}}}","user_id":"{{{{zoe}}}}","typing":true} },
            {"edu_type":"m.receipt","content":{"{{{{s.Shared.RoomId}}}}":{"m.read":{"{{{{zoe}}}}":{
            "event_ids":["{{{{s.Event}}}}"],"data":{"ts":1,"thread_id":"main"} } } } } },
            {"edu_type":"m.presence","content":{"push":[{"user_id":"{{{{zoe}}}}",
            "presence":"online","last_active_ago":1,"currently_active":true,"status_msg":"s"}]} },
            {"edu_type":"m.device_list_update","content":{"user_id":"{{{{zoe}}}}","device_id":"D","device_display_name":"d",
            "stream_id":1,"prev_id":[0],"deleted":false,
            "keys":{"user_id":"{{{{zoe}}}}","device_id":"D","algorithms":["a"],"keys":{"ed25519:D":"k"},"signatures":{} } } },
            {"edu_type":"m.signing_key_update","content":{"user_id":"{{{{zoe}}}}",
            "master_key":{"user_id":"{{{{zoe}}}}","usage":["master"],"keys":{"ed25519:A":"A"} },
            "self_signing_key":{"user_id":"{{{{zoe}}}}","usage":["self_signing"],"keys":{"ed25519:A":"A"} } } },
            {"edu_type":"m.direct_to_device","content":{"sender":"{{{{zoe}}}}","type":"t","message_id":"{{{{s.Peer.Fresh()}}}}",
            "messages":{"{{{{s.User.UserId}}}}":{"{{{{s.User.DeviceId}}}}":{"a":1} } } } }
            """;
        var message = await Message(s, json => $$"""{"origin":"{{s.Name}}","origin_server_ts":1,"pdus":[{{json}}],"edus":[{{edus}}]}""");
        return message with { Path = new Dictionary<string, string> { ["txnId"] = s.Peer.Fresh() } };
    }
}
