using System.Text;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Tests.Fuzz;

/// <summary>Makes requests for an endpoint: from nearly right to nonsense, the same for the same seed.</summary>
internal sealed class RandomRequest(Random random, TestUser user, string roomId)
{
    private static readonly string[] s_keys =
    [
        "type", "user", "user_id", "room_id", "password", "identifier", "auth", "session", "device_id", "devices", "membership", "reason", "body", "content",
            "name",
        "topic", "preset", "visibility", "invite", "initial_state", "creation_content", "power_level_content_override", "room_alias_name", "users", "events",
        "displayname", "avatar_url", "timeout", "typing", "presence", "status_msg", "filter", "limit", "event_id", "m.read", "m.fully_read", "thread_id",
        "messages", "device_keys", "one_time_keys", "fallback_keys", "algorithm", "auth_data", "signatures", "keys", "rooms", "sessions", "master_key",
        "conditions", "actions", "pattern", "enabled", "kind", "app_id", "pushkey", "lang", "data", "url", "search_term", "search_categories", "room_events",
        "new_version", "new_password", "locked", "suspended", "third_party_signed", "id_server", "score", "state_key", "m.relates_to", "rel_type", "token",
        "refresh_token", "next_batch", "order", "tags", "since", "generic_search_term", "include_all_networks", "network", "room_types",
    ];

    private static readonly string[] s_queries =
    [
        "limit", "from", "to", "dir", "filter", "since", "set_presence", "full_state", "at", "membership", "not_membership", "ts", "recurse", "via",
            "server_name",
        "user_id", "kind", "username", "token", "width", "height", "method", "filename", "only", "before", "after", "version", "order_by", "suggested_only",
        "max_depth", "room_id", "include", "format", "generic_search_term", "use_state_after", "server", "animated",
    ];

    public HttpRequestMessage Next(MatrixEndpoint endpoint, Uri server)
    {
        var path = string.Join('/', endpoint.Path.Split('/').Select(segment => segment.StartsWith('{') ? Parameter(segment.Trim('{', '}', '?')) : segment));
        var request = new HttpRequestMessage(
            new HttpMethod(endpoint.Method),
            new Uri(server + path.TrimStart('/') + Query(), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (endpoint.Method != "GET" || random.Next(10) == 0)
            request.Content = new ByteArrayContent(Body());
        if (random.Next(20) != 0)
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + user.Token);
        return request;
    }

    private string Parameter(string name) => random.Next(4) == 0 ? Encode(Text()) : name switch
    {
        "userId" => user.Id,
        "roomId" or "roomIdOrAlias" => Encode(roomId),
        "eventId" => "%24" + new string('a', 43),
        "roomAlias" => Encode("#alias:localhost"),
        "deviceId" => user.DeviceId,
        "eventType" or "type" => Pick("m.room.message", "m.room.member", "m.room.power_levels", "m.room.name", "org.example.x", "m.direct"),
        "kind" => Pick("override", "content", "room", "sender", "underride"),
        "serverName" => "localhost",
        "receiptType" => Pick("m.read", "m.read.private", "m.fully_read"),
        "version" => Pick("1", "2", "x"),
        _ => Encode(Text()),
    };

    private string Query()
    {
        // No parameter makes a request wait long.
        var query = new StringBuilder("?timeout=0&timeout_ms=0");
        for (var i = random.Next(4); i > 0; i--)
            query.Append('&').Append(Pick(s_queries)).Append('=').Append(Encode(Text()));
        return query.ToString();
    }

    private byte[] Body()
    {
        var kind = random.Next(12);
        if (kind == 0)
            return [];
        var json = Encoding.UTF8.GetBytes(kind == 1 ? Value(0) : Object(0));
        switch (kind)
        {
            case 2:
                return json[..random.Next(json.Length)];
            case 3:
                json[random.Next(json.Length)] = (byte)random.Next(256);
                return json;
            case 4:
                return Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(Pick("[", "{\"a\":"), random.Next(1, 500))));
            default:
                return json;
        }
    }

    private string Object(int depth)
    {
        var members = Enumerable.Range(0, random.Next(1, 6)).Select(_ => $"{Quote(random.Next(8) == 0 ? Text() : Pick(s_keys))}:{Value(depth + 1)}");
        return "{" + string.Join(',', members) + "}";
    }

    private string Value(int depth) => random.Next(depth > 3 ? 6 : 9) switch
    {
        0 => Pick("0", "1", "-1", "1.5", "1e400", "9007199254740992", "-9223372036854775809", "100000000000000000000000"),
        1 => Pick("true", "false"),
        2 => "null",
        3 => Pick("\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\""),
        4 or 5 => Quote(Text()),
        6 => "[" + string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(depth + 1))) + "]",
        _ => Object(depth + 1),
    };

    private string Text() => random.Next(16) switch
    {
        0 => "",
        1 => " ",
        2 => user.Id,
        3 => roomId,
        4 => "#alias:localhost",
        5 => "$" + new string('b', 43),
        6 => "\0",
        7 => "😀é\u202e",
        8 => new string('x', random.Next(1, 600)),
        9 => Pick("-1", "0", "10", "99999999999999999999", "1e9", "NaN"),
        10 => Pick("f", "b", "true", "false", "join", "leave", "m.thread", "m.annotation", "m.login.password", "public", "private_chat", "12", "1"),
        11 => Pick("s1", "s999999999", "s-5", "t5_0", "t9_-9", "t_", "s"),
        12 => "{\"room\":{\"timeline\":{\"limit\":-1,\"types\":[1]}}}",
        13 => Pick("..", ".", "a/b", "%2F", "%", "'; DROP TABLE users; --", "@a:b:c", "!x", "@", "mxc://localhost/x"),
        14 => "elsewhere.example",
        _ => Pick("m.room.message", "m.room.create", "m.read", "signed_curve25519:AAAAAA", "online", "global"),
    };

    private string Pick(params string[] items) => items[random.Next(items.Length)];

    private string Encode(string text) => random.Next(30) == 0 ? Pick("%ff", "%C3", "%00", "a%2Fb", "%25") : Uri.EscapeDataString(text);

    private static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}
