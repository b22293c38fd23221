using System.Collections.Concurrent;
using System.Text;
using OrleansMatrix.Federation.Signing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>A server with a real key that sends and answers valid and spoilt things.</summary>
internal sealed class HostilePeer
{
    /// <summary>Who is in the innocents' room.</summary>
    public const string Eve = "eve";

    private const int MaxRemembered = 10_000;

    private static readonly string[] s_edus =
    [
        """{"edu_type":"m.typing","content":{"room_id":"<roomId>","user_id":"<evil>","typing":true}}""",
        """{"edu_type":"m.receipt","content":{"<roomId>":{"m.read":{"<evil>":{"event_ids":["<eventId>"],"data":{"ts":1,"x":<any>}}}}}}""",
        """
        {"edu_type":"m.presence","content":{"push":[{"user_id":"<evil>","presence":"online","last_active_ago":1,"status_msg":"s","x":<any>}]}}
        """,
        """
        {"edu_type":"m.device_list_update","content":{"user_id":"<evil>","device_id":"D","stream_id":1,"prev_id":[],
        "keys":{"user_id":"<evil>","device_id":"D","algorithms":[],"keys":{},"x":<any>}}}
        """,
        """
        {"edu_type":"m.signing_key_update","content":{"user_id":"<evil>",
        "master_key":{"user_id":"<evil>","usage":["master"],"keys":{"ed25519:A":"A"},"x":<any>}}}
        """,
        """
        {"edu_type":"m.direct_to_device","content":{"sender":"<evil>","type":"t","message_id":"<n>","messages":{"<userId>":{"*":{"a":<any>}}}}}
        """,
    ];

    private readonly ConcurrentDictionary<string, int> _asked = new(StringComparer.Ordinal);
    private readonly int _seed;
    private readonly Random _random;
    private readonly Peer _peer;
    private readonly PeerRoom _joined;

    // Taken as the lock for what answers and events are made of.
    private readonly PeersRoom _own;
    private readonly KnownThings _things;
    private readonly PeerAnswers _answers;

    /// <param name="peer">Whose key and address it has.</param>
    /// <param name="own">A room that it made, and that others may join through it.</param>
    /// <param name="joined">The innocents' room, which one of its users is in.</param>
    public HostilePeer(Peer peer, PeersRoom own, PeerRoom joined, KnownThings things, Random random, int seed)
    {
        (_peer, _own, _joined, _things, _random, _seed) = (peer, own, joined, things, random, seed);
        _answers = new PeerAnswers(own);
        peer.Off("PUT /_matrix/federation/v1/send/");
        foreach (var beginning in new[] { "GET /_matrix/federation/", "PUT /_matrix/federation/", "POST /_matrix/federation/", "POST /_matrix/policy/" })
            peer.On(beginning, Answer);
    }

    /// <summary>A request to an endpoint for servers; null if nothing was made that can be signed.</summary>
    public (HttpMethod Method, string Target, string? Body)? Next(MatrixEndpoint endpoint, ServerName server)
    {
        var path = string.Join('/', endpoint.Path.Split('/').Select(
            segment => segment.StartsWith('{') ? Uri.EscapeDataString(_things.Of(segment.Trim('{', '}', '?'))) : segment));
        var query = "?" + string.Join('&', new[]
        {
            "event_id=<eventId>", "v=<eventId>", $"limit={_random.Next(-1, 20)}", "ver=10", "ver=12", "ts=0", "dir=b", "timeout_ms=0",
            "user_id=<userId>", "field=displayname", "room_alias=<roomAlias>",
        }.Select(q => Encode(_things.Fill(q))));
        var body = endpoint.Method == "GET" ? null : Body(endpoint.Path);
        var method = new HttpMethod(endpoint.Method);
        var target = path + query;
        var bytes = body is null ? default : Encoding.UTF8.GetBytes(body);
        return RequestSigning.Sign(method.Method, target, _peer.Name, server, bytes, _peer.Key).TryGet(out _, out _) ? (method, target, body) : null;
    }

    /// <summary>Forgets how often it was asked for what; at the same step of each run.</summary>
    public void Forget()
    {
        if (_asked.Count > MaxRemembered)
            _asked.Clear();
    }

    private static string Encode(string query)
    {
        var parts = query.Split('=', 2);
        return $"{parts[0]}={Uri.EscapeDataString(parts[1])}";
    }

    private string Body(string path)
    {
        var body = path switch
        {
            _ when path.Contains("/send/", StringComparison.Ordinal) =>
                $$"""{"origin":"{{_peer.Name}}","origin_server_ts":1,"pdus":[{{List(Event, 3)}}],"edus":[{{List(Edu, 3)}}]}""",
            _ when path.Contains("/invite/", StringComparison.Ordinal) =>
                $$"""{"room_version":"10","event":{{Event()}},"invite_room_state":[{{List(Event, 2)}}]}""",
            _ when path.EndsWith("/claim", StringComparison.Ordinal) => _things.Fill("""{"one_time_keys":{"<userId>":{"<deviceId>":"signed_curve25519"}}}"""),
            _ when path.EndsWith("/user/keys/query", StringComparison.Ordinal) =>
                _things.Fill("""{"device_keys":{"<userId>":[],"<userId>":["<deviceId>"]}}"""),
            _ when path.EndsWith("/key/v2/query", StringComparison.Ordinal) =>
                _things.Fill("""{"server_keys":{"<serverName>":{"ed25519:1":{"minimum_valid_until_ts":0}}}}"""),
            _ when path.Contains("get_missing", StringComparison.Ordinal) =>
                _things.Fill("""{"earliest_events":["<eventId>"],"latest_events":["<eventId>"],"limit":10,"min_depth":0}"""),
            _ when path.EndsWith("/publicRooms", StringComparison.Ordinal) => """{"limit":5,"filter":{"generic_search_term":"n"}}""",
            _ => Event(),
        };
        return _random.Next(4) == 0 ? HostileJson.Spoil(body, _random) : body;
    }

    private string Edu() => _things.Fill(s_edus[_random.Next(s_edus.Length)]);

    private string List(Func<string> make, int most) => string.Join(',', Enumerable.Range(0, _random.Next(most + 1)).Select(_ => make()));

    /// <summary>An event of the innocents' room or of its own: valid, or with something in its content, or spoilt after it was signed.</summary>
    private string Event()
    {
        lock (_own)
            return EventOf();
    }

    private string EventOf()
    {
        var (room, user) = _random.Next(3) == 0 ? (_own.Room, _own.Mallory) : (_joined, _peer.UserId(Eve));
        var content = _random.Next(3) == 0 ? HostileJson.Spoil("""{"body":"b","msgtype":"m.text","membership":"join"}""", _random)
            : _things.Fill("""{"body":"needle","msgtype":"m.text","x":<any>}""");
        var type = _things.Of("eventType");
        var auth = room.State.Values.Where(e => e.Type is EventTypes.Create or EventTypes.PowerLevels or EventTypes.JoinRules || e.StateKey == user);
        var built = new PduBuilder
        {
            Sender = user,
            Type = type,
            StateKey = _random.Next(3) == 0 ? _random.Next(2) == 0 ? user : "" : null,
            Content = Encoding.UTF8.GetBytes(content),
            RoomId = room.RoomId,
            PrevEvents = [_random.Next(4) == 0 ? _things.Of("eventId") : room.Last.EventId],
            AuthEvents = [.. auth.Select(e => e.EventId)],
            Depth = room.Last.Depth + 1,
            OriginServerTs = 1_800_000_000_000 + _random.Next(1000),
        }.Build(room.Version, _peer.Name, _peer.Key);
        if (!built.TryGet(out var pdu, out _))
            return HostileJson.Spoil(Encoding.UTF8.GetString(room.Last.Json.Span), _random);
        _things.Add("eventId", pdu.EventId);
        var isNext = _random.Next(2) == 0;
        if (pdu.StateKey is null && isNext)
            room.Apply(pdu);
        var json = Encoding.UTF8.GetString(pdu.Json.Span);
        return _random.Next(4) == 0 ? HostileJson.Spoil(json, _random) : json;
    }

    // By the request and how often it came, whatever else goes on at the same time.
    private Answer Answer(PeerRequest request)
    {
        var times = _asked.AddOrUpdate(request.Line, 1, static (_, n) => n + 1);
        var random = new Random(Hash(request.Line) ^ (times * 7919) ^ _seed);
        Answer? honest;
        lock (_own)
            honest = _answers.To(request);
        var answer = honest ?? new Answer(404, """{"errcode":"M_UNRECOGNIZED","error":"?"}""");
        return random.Next(8) switch
        {
            0 => answer with { Status = random.Next(200, 600) },
            < 4 => answer with { Text = Spoil(answer, random) },
            _ => answer,
        };
    }

    private static string Spoil(Answer answer, Random random) => answer.IsJson ? HostileJson.Spoil(answer.Text, random)
        : answer.Text.Remove(random.Next(answer.Text.Length), 1).Insert(random.Next(answer.Text.Length), "\r\n\0");

    private static int Hash(string text) => text.Aggregate(17, static (hash, c) => unchecked((hash * 31) + c));
}
