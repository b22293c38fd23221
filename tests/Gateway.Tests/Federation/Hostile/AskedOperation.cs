using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>Something that this server asks others for, and what makes it ask.</summary>
/// <param name="Route">The operation's path as this server has it itself.</param>
/// <param name="Ask">Makes the server ask once; what came of it.</param>
/// <param name="MostMiB">The most that is read of an answer.</param>
/// <param name="Unknown">What the other server must not know for this to be asked; by what is in the paths.</param>
internal sealed record AskedOperation(string Route, Func<HostileScene, Task<Answer>> Ask, int MostMiB = 16, params string[] Unknown)
{
    private const string V1 = "/_matrix/federation/v1/";
    private const string V2 = "/_matrix/federation/v2/";

    /// <summary>Keys are asked for whenever somebody signs; lies in them are told in <see cref="HostileKeysTests"/>.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["/_matrix/key/v2/server", "/_matrix/key/v2/query"];

    /// <summary>What this server answers and never asks for; the version is asked for by the command that checks another server.</summary>
    public static IReadOnlyList<string> NeverAsked { get; } =
    [
        V1 + "version", V1 + "openid/userinfo", V1 + "3pid/onbind", V1 + "media/thumbnail/{mediaId}", "/_matrix/key/v2/server/{keyId}",
        "/_matrix/key/v2/query/{serverName}", "/_matrix/key/v2/query/{serverName}/{keyId}",
    ];

    /// <summary>All others.</summary>
    public static IReadOnlyList<AskedOperation> All { get; } =
    [
        new(V1 + "make_join/{roomId}/{userId}", static s => s.JoinAsync()),
        new(V2 + "send_join/{roomId}/{eventId}", static s => s.JoinAsync(), 4),
        new(V1 + "send_join/{roomId}/{eventId}", static s => s.JoinAsync(), 4, V2),
        new(V1 + "make_leave/{roomId}/{userId}", static s => s.DeclineAsync()),
        new(V2 + "send_leave/{roomId}/{eventId}", static s => s.DeclineAsync()),
        new(V1 + "send_leave/{roomId}/{eventId}", static s => s.DeclineAsync(), 4, V2),
        new(V1 + "make_knock/{roomId}/{userId}", static s => s.KnockAsync()),
        new(V1 + "send_knock/{roomId}/{eventId}", static s => s.KnockAsync()),
        new(V2 + "invite/{roomId}/{eventId}", static s => s.InviteAsync("10")),
        new(V1 + "invite/{roomId}/{eventId}", static s => s.InviteAsync("1"), 16, V2),
        new(V1 + "query/profile", static s => s.User.GetAsync($"v3/profile/{s.FreshUser()}"), 1),
        new(V1 + "query/directory", static s => s.User.GetAsync($"v3/directory/room/{Uri.EscapeDataString($"#{s.Peer.Fresh()}:{s.Name}")}")),
        new(V1 + "publicRooms", static s => s.User.PostAsync($"v3/publicRooms?server={s.Name}", $$"""{"since":"{{s.Peer.Fresh()}}"}""")),
        new(V1 + "hierarchy/{roomId}", static s => s.User.GetAsync($"v1/room_summary/{s.Peer.NewRoom().Room.Path}?via={s.Name}")),
        new(V1 + "user/keys/query", static s => s.User.PostAsync("v3/keys/query", $$"""{"device_keys":{"@{{s.Peer.Fresh()}}:{{s.Name}}":[]} }""")),
        new(V1 + "user/keys/claim", static s => s.User.PostAsync(
            "v3/keys/claim", $$$"""{"one_time_keys":{"@{{{s.Peer.Fresh()}}}:{{{s.Name}}}":{"D":"signed_curve25519"} } }""")),
        new(V1 + "user/devices/{userId}", static s => s.FollowDevicesAsync()),
        new(V1 + "media/download/{mediaId}", static s => s.User.GetAsync($"v1/media/download/{s.Name}/{s.Peer.Fresh()}"), 50),
        new(V1 + "timestamp_to_event/{roomId}", static s => s.InRoomAsync("timestamp_to_event?ts=0&dir=f", "v1")),
        new(V1 + "backfill/{roomId}", static s => s.InFreshRoomAsync("messages?dir=b&limit=100")),
        new(V1 + "event/{eventId}", static s => s.AfterGapAsync(), 16, "/get_missing_events/"),
        new(V1 + "state_ids/{roomId}", static s => s.AfterGapAsync(), 64, "/get_missing_events/"),
        new(V1 + "state/{roomId}", static s => s.FillRoomAsync(), 4),
        new(V1 + "event_auth/{roomId}/{eventId}", static s => s.WithoutAuthEventAsync()),
        new(V1 + "exchange_third_party_invite/{roomId}", static s => s.ExchangeAsync()),
        new(V1 + "get_missing_events/{roomId}", static s => s.AfterGapAsync()),
        new("/_matrix/policy/v1/sign", static s => s.SendWithPolicyAsync()),
        new(V1 + "send/{txnId}", static s => s.SendToDeviceAsync()),
    ];

    /// <summary>What is in the path of requests for it.</summary>
    public string InPath => Route.Contains('{') ? Route[..Route.IndexOf('{', StringComparison.Ordinal)] : Route;
}
