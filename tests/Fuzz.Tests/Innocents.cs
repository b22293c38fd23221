using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>
/// Two users who share a room with the attackers, and an honest server with a user in it. Whatever others do, each of the two reads, finds and is sent what the
/// other one writes, and the honest server is sent all of it.
/// </summary>
internal sealed partial class Innocents(HttpClient http, Peer good)
{
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, bool> _arrived = new(StringComparer.Ordinal);
    private readonly FuzzClient _alice = new(http);
    private readonly FuzzClient _bob = new(http);
    private string _since = "";
    private string _levels = "";
    private int _round;

    public string Room { get; private set; } = "";

    public IReadOnlyList<FuzzClient> Users => [_alice, _bob];

    public async Task StartAsync(ServerName server)
    {
        await _alice.RegisterAsync("alice");
        await _bob.RegisterAsync("bob");
        Room = (await _alice.AskAsync("POST", "v3/createRoom", """{"preset":"public_chat","room_version":"10"}""")).Ok("room_id");
        (await _bob.AskAsync("POST", $"v3/join/{Uri.EscapeDataString(Room)}", "{}")).Ok();
        _levels = (await _alice.AskAsync("GET", $"{Path}/state/m.room.power_levels")).Ok().ToJsonString();
        _since = (await _bob.AskAsync("GET", "v3/sync?timeout=0")).Ok("next_batch");
        good.On("PUT /_matrix/federation/v1/send/", Take);
        await good.JoinAsync(server, Room, "zoe");
        foreach (var user in Users)
        {
            (await user.AskAsync("POST", "v3/keys/upload", $$$"""
                {"device_keys":{"user_id":"{{{user.User.Id}}}","device_id":"{{{user.User.DeviceId}}}","algorithms":["a"],
                "keys":{"ed25519:{{{user.User.DeviceId}}}":"k"},"signatures":{"{{{user.User.Id}}}":{"ed25519:{{{user.User.DeviceId}}}":"s"} } } }
                """)).Ok();
        }
    }

    private string Path => "v3/rooms/" + Uri.EscapeDataString(Room);

    /// <summary>Throws with what does not hold.</summary>
    public async Task CheckAsync(string attacker, string evil)
    {
        var canary = string.Create(CultureInfo.InvariantCulture, $"canary-{++_round}-");
        var message = (await _alice.AskAsync("PUT", $"{Path}/send/m.room.message/{canary}", $$"""{"msgtype":"m.text","body":"{{canary}}pdu"}"""))
            .Ok("event_id");
        (await _alice.AskAsync("PUT", $"v3/sendToDevice/m.canary/{canary}", $$$"""
            {"messages":{"{{{_bob.User.Id}}}":{"*":{"n":"{{{canary}}}mine"} },"{{{good.UserId("zoe")}}}":{"*":{"n":"{{{canary}}}edu"} } } }
            """)).Ok();
        (await _alice.AskAsync("PUT", $"v3/profile/{_alice.User.Id}/displayname", $$"""{"displayname":"{{canary}}name"}""")).Ok();
        await CheckSyncAsync(message, canary);
        await CheckRoomAsync(message);
        await CheckKeysAsync(attacker, evil, canary);
        Require((await _bob.AskAsync("GET", $"v3/profile/{_alice.User.Id}")).Ok("displayname") == canary + "name", "the profile is another");
        var started = Stopwatch.GetTimestamp();
        foreach (var kind in new[] { "pdu", "edu" })
        {
            while (!_arrived.ContainsKey(canary + kind))
            {
                Require(Stopwatch.GetElapsedTime(started) < s_drain, $"the honest server was not sent {canary}{kind} within {s_drain.TotalSeconds:0} s");
                await Task.Delay(20);
            }
        }
    }

    private async Task CheckSyncAsync(string message, string canary)
    {
        const string Filter = "%7B%22room%22%3A%7B%22timeline%22%3A%7B%22limit%22%3A100%7D%7D%7D";
        var (sawMessage, sawDirect) = (false, false);
        for (var i = 0; i < 20 && !(sawMessage && sawDirect); i++)
        {
            var sync = (await _bob.AskAsync("GET", $"v3/sync?timeout=0&filter={Filter}&since={_since}")).Ok();
            _since = sync["next_batch"]!.GetValue<string>();
            var timeline = sync["rooms"]?["join"]?[Room]?["timeline"]?["events"];
            sawMessage |= timeline?.AsArray().Any(e => e!["event_id"]?.GetValue<string>() == message) == true;
            sawDirect |= sync["to_device"]?["events"]?.ToJsonString().Contains(canary, StringComparison.Ordinal) == true;
        }

        Require(sawMessage, "the message is in no /sync");
        Require(sawDirect, "the message to the device is in no /sync");
        foreach (var user in Users)
            Require((await user.AskAsync("GET", "v3/sync?timeout=0")).Ok()["rooms"]?["join"]?[Room] is not null, "an initial /sync lacks the room");
    }

    private async Task CheckRoomAsync(string message)
    {
        var page = (await _bob.AskAsync("GET", $"{Path}/messages?dir=b&limit=100")).Ok();
        Require(page["chunk"]!.AsArray().Any(e => e!["event_id"]!.GetValue<string>() == message), "the message is not in /messages");
        var search = """{"search_categories":{"room_events":{"search_term":"needle"}}}""";
        (await _bob.AskAsync("POST", "v3/search", search)).Ok();
        foreach (var read in new[] { "state", "members", "joined_members", "initialSync", "context/" + Uri.EscapeDataString(message) })
            (await _bob.AskAsync("GET", $"{Path}/{read}")).Ok();
        (await _bob.AskAsync("GET", $"v1/rooms/{Uri.EscapeDataString(Room)}/hierarchy")).Ok();
        (await _bob.AskAsync("GET", $"v1/room_summary/{Uri.EscapeDataString(Room)}")).Ok();
        var members = (await _bob.AskAsync("GET", $"{Path}/joined_members")).Ok()["joined"]!.AsObject();
        Require(Users.All(u => members.ContainsKey(u.User.Id)), "a member is gone");
        Require((await _bob.AskAsync("GET", $"{Path}/state/m.room.power_levels")).Ok().ToJsonString() == _levels, "the power levels were changed");
    }

    private async Task CheckKeysAsync(string attacker, string evil, string canary)
    {
        (await _alice.AskAsync("POST", "v3/keys/upload", $$$"""{"one_time_keys":{"signed_curve25519:{{{canary}}}":{"key":"{{{canary}}}"} } }""")).Ok();
        var queried = (await _bob.AskAsync("POST", "v3/keys/query", $$$"""
            {"device_keys":{"{{{_alice.User.Id}}}":[],"{{{attacker}}}":[],"{{{evil}}}":[]},"timeout":2000}
            """)).Ok();
        Require(queried["device_keys"]?[_alice.User.Id]?[_alice.User.DeviceId] is not null, "/keys/query lacks the device of another");
        var claimed = (await _bob.AskAsync("POST", "v3/keys/claim", $$$"""
            {"one_time_keys":{"{{{_alice.User.Id}}}":{"{{{_alice.User.DeviceId}}}":"signed_curve25519"},"{{{evil}}}":{"D":"signed_curve25519"} },"timeout":2000}
            """)).Ok();
        Require(claimed["one_time_keys"]?[_alice.User.Id]?[_alice.User.DeviceId] is JsonObject { Count: 1 }, "/keys/claim lacks the key of another");
    }

    private Answer Take(PeerRequest request)
    {
        foreach (Match match in Canary().Matches(request.Body))
            _arrived[match.Value] = true;
        return new Answer(200, """{"pdus":{}}""");
    }

    private static void Require(bool holds, string what) => Assert.True(holds, what);

    [GeneratedRegex("canary-\\d+-(pdu|edu)")]
    private static partial Regex Canary();
}
