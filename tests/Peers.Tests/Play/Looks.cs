using System.Globalization;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>What a server by hand asks the server under test without changing anything.</summary>
internal sealed class Looks(PeerServer peer)
{
    private const string V1 = "/_matrix/federation/v1/";

    /// <summary>How many things there are to ask for.</summary>
    public const int Kinds = 16;

    /// <summary>Asks one thing of another server; a 500 is a fault of it.</summary>
    public async Task OneAsync(ISide other, string room, int kind, Random random)
    {
        var id = Uri.EscapeDataString(room);
        var at = "$x";
        lock (peer.Gate)
        {
            if (peer.Rooms.GetValueOrDefault(room)?.Timeline is { Count: > 0 } timeline)
                at = timeline[random.Next(timeline.Count)];
        }

        at = Uri.EscapeDataString(at);
        var user = Uri.EscapeDataString(other.Speaker);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var claim = $$$"""{"one_time_keys":{"{{{other.Speaker}}}":{"D0":"signed_curve25519"} } }""";
        (string Method, string Target, string? Body) ask = kind switch
        {
            0 => ("GET", $"{V1}version", null),
            1 => ("GET", $"{V1}publicRooms?limit=5", null),
            2 => ("POST", $"{V1}publicRooms", """{"limit":5,"filter":{"generic_search_term":"room"}}"""),
            3 => ("GET", $"{V1}query/profile?user_id={user}", null),
            4 => ("GET", $"{V1}query/directory?room_alias={Uri.EscapeDataString(ISide.AliasOf(room, other.Server))}", null),
            5 => ("GET", $"{V1}hierarchy/{id}?suggested_only=false", null),
            6 => ("GET", $"{V1}timestamp_to_event/{id}?dir=b&ts={now}", null),
            7 => ("GET", $"{V1}backfill/{id}?limit=5&v={at}", null),
            8 => ("GET", $"{V1}state/{id}?event_id={at}", null),
            9 => ("GET", $"{V1}state_ids/{id}?event_id={at}", null),
            10 => ("GET", $"{V1}event_auth/{id}/{at}", null),
            11 => ("GET", $"{V1}event/{at}", null),
            12 => ("GET", $"{V1}user/devices/{user}", null),
            13 => ("POST", $"{V1}user/keys/query", $$"""{"device_keys":{"{{other.Speaker}}":[]} }"""),
            14 => ("POST", $"{V1}user/keys/claim", claim),
            _ => ("GET", $"/_matrix/key/v2/query/{Uri.EscapeDataString(other.Server)}", null),
        };
        var answer = await peer.AskAsync(other.Server, ask.Method, ask.Target, ask.Body);
        Assert.True(other.Server != peer.UnderTest || answer.Status < 500, $"{ask.Method} {ask.Target}: {answer.Status} {answer.Text}");
    }
}
