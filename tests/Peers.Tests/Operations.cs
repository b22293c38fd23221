using System.Collections.Concurrent;

namespace OrleansMatrix.Peers.Tests;

/// <summary>The operations of the server-server API, and how often each was asked for and answered with success.</summary>
internal sealed class Operations
{
    private const string V1 = "/_matrix/federation/v1/";
    private const string V2 = "/_matrix/federation/v2/";
    private const string Key = "/_matrix/key/v2/";

    /// <summary>All 36, as the specification has them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        $"GET {V1}backfill/{{roomId}}", $"POST {V1}get_missing_events/{{roomId}}", $"GET {V1}media/download/{{mediaId}}",
        $"GET {V1}media/thumbnail/{{mediaId}}",
        $"GET {V1}event_auth/{{roomId}}/{{eventId}}", $"GET {V1}state/{{roomId}}", $"GET {V1}state_ids/{{roomId}}", $"GET {V1}event/{{eventId}}",
        $"GET {V1}timestamp_to_event/{{roomId}}", $"PUT {V1}invite/{{roomId}}/{{eventId}}", $"PUT {V2}invite/{{roomId}}/{{eventId}}",
        $"GET {V1}make_join/{{roomId}}/{{userId}}", $"PUT {V2}send_join/{{roomId}}/{{eventId}}", $"GET {V1}make_knock/{{roomId}}/{{userId}}",
        $"PUT {V1}send_knock/{{roomId}}/{{eventId}}", $"GET {V1}make_leave/{{roomId}}/{{userId}}", $"PUT {V2}send_leave/{{roomId}}/{{eventId}}",
        $"GET {V1}openid/userinfo", $"GET {V1}publicRooms", $"POST {V1}publicRooms", $"GET {V1}query/{{queryType}}", $"GET {V1}query/directory",
        $"GET {V1}query/profile", $"GET {V1}hierarchy/{{roomId}}", $"PUT {V1}exchange_third_party_invite/{{roomId}}", $"PUT {V1}3pid/onbind",
        $"PUT {V1}send/{{txnId}}", $"GET {V1}user/devices/{{userId}}", $"POST {V1}user/keys/claim", $"POST {V1}user/keys/query", $"GET {V1}version",
        $"GET {Key}query/{{serverName}}", $"POST {Key}query", $"GET {Key}server", "POST /_matrix/policy/v1/sign", "GET /.well-known/matrix/server",
    ];

    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>The operations with success, and how many times.</summary>
    public IReadOnlyDictionary<string, int> Counts => _counts;

    public void Count(string method, string path, int status)
    {
        if (status is >= 200 and < 300 && Of(method, path) is { } operation)
            _counts.AddOrUpdate(operation, 1, static (_, n) => n + 1);
    }

    /// <summary>Adds what others counted.</summary>
    public void Add(Operations other)
    {
        foreach (var (operation, count) in other.Counts)
            _counts.AddOrUpdate(operation, count, (_, n) => n + count);
    }

    /// <summary>The operation of a request; the one with the fewest placeholders if several fit.</summary>
    private static string? Of(string method, string path)
    {
        var segments = path.Split('/');
        return All.Where(o => Fits(o, method, segments)).MinBy(static o => o.Count(c => c == '{'));
    }

    private static bool Fits(string operation, string method, string[] segments)
    {
        var parts = operation.Split(' ');
        var route = parts[1].Split('/');
        return parts[0] == method && route.Length == segments.Length && route.Zip(segments).All(static p => p.First.StartsWith('{') || p.First == p.Second);
    }
}
