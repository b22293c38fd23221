using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Gateway.Tests.Keys;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>
/// JSON of any shape that one user sends, to every endpoint that takes a body, makes no fault, and afterwards everybody else's reads, keys and queues go on
/// (ADR 0111). An endpoint that is added later is tried by itself.
/// </summary>
public sealed class HostileJsonTests : IAsyncLifetime
{
    private const string Algorithm = "signed_curve25519";

    // The body is not read there.
    private static readonly string[] s_bodyless = ["/openid/"];

    // Sessions end there.
    private static readonly string[] s_left = ["logout", "deactivate", "account/password", "delete_devices"];

    // The attacker's part in the room ends there.
    private static readonly string[] s_ending = ["/leave", "/forget", "/upgrade"];

    private readonly FederatingServer _server = new();
    private Peer _peer = null!;
    private PeerInbox _inbox = null!;
    private TestClient _mallory = null!;
    private TestClient _alice = null!;
    private TestClient _bob = null!;
    private string _room = "";
    private string _otherRoom = "";
    private string _event = "";
    private int _sent;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _peer = await Peer.StartAsync();
        _inbox = new PeerInbox(_peer);
        _mallory = await _server.RegisterAsync("mallory");
        _alice = await _server.RegisterAsync("alice");
        _bob = await _server.RegisterAsync("bob");
        _room = await _mallory.CreateRoomAsync("""{"preset":"public_chat"}""");
        _otherRoom = await _mallory.CreateRoomAsync();
        await _alice.JoinAsync(_room);
        await _bob.JoinAsync(_room);
        await _peer.JoinAsync(_server, _room, "zoe");
        _event = await _mallory.SendTextAsync(_room, "first");
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("depth 75")]
    [InlineData("depth 97")]
    [InlineData("depth 99")]
    [InlineData("depth 100")]
    [InlineData("depth 101")]
    [InlineData("depth 5000")]
    [InlineData("1e400")]
    [InlineData("1e300")]
    [InlineData("integer of 400 digits")]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"a\":1,\"b\":2,\"a\":3}")]
    public async Task What_one_user_sends_harms_nobody_else(string kind)
    {
        var endpoints = _server.Services.GetRequiredService<RouteTable>().Endpoints
            .Where(e => e.Method is "PUT" or "POST" && e.Path.StartsWith("/_matrix/client/", StringComparison.Ordinal) && !s_left.Any(e.Path.Contains))
            .ToList();
        Assert.True(endpoints.Count > 60);
        foreach (var endpoint in endpoints)
        {
            foreach (var body in BodiesOf(endpoint.Path))
                await AttackAsync(endpoint.Method, PathOf(endpoint.Path), body, kind);
        }

        var state = $"/_matrix/client/v3/rooms/{Uri.EscapeDataString(_room)}/state/";
        foreach (var type in new[] { "topic", "name", "canonical_alias", "encryption", "server_acl", "pinned_events" })
            await AttackAsync("PUT", $"{state}m.room.{type}", """{"topic":"t","name":"n","algorithm":"a","allow":["*"],"x":%}""", kind);
        await AttackAsync("PUT", $"{state}m.space.child/{Uri.EscapeDataString(_room)}", """{"via":["x.test"],"suggested":true,"x":%}""", kind);
        await CheckOthersAsync();
    }

    private async Task AttackAsync(string method, string path, string template, string kind)
    {
        var body = Fill(template, kind);
        var answer = method == "PUT" ? await _mallory.PutAsync(path, body) : await _mallory.PostAsync(path, body);
        Assert.True(answer.Status < 500 || answer.Status is 502 or 504, $"{answer.Status} {answer.Text} to {method} {path}");
        if (kind is "depth 101" or "depth 5000" or "1e400" or "integer of 400 digits" or "\"\\ud800\"")
            Assert.True(answer.Status != 200 || s_bodyless.Any(path.Contains), $"{kind} was let in by {method} {path}");
    }

    private async Task CheckOthersAsync()
    {
        var room = Uri.EscapeDataString(_room);
        var fields = Uri.EscapeDataString("""{"event_fields":["type","content","sender"],"room":{"timeline":{"limit":100}}}""");
        var filter = Uri.EscapeDataString("""{"contains_url":false}""");
        foreach (var reader in new[] { _alice, _mallory })
        {
            (await reader.GetAsync("v3/sync?timeout=0")).Ok();
            (await reader.GetAsync($"v3/sync?timeout=0&filter={fields}")).Ok();
            (await reader.GetAsync("v3/sync?timeout=0&filter=" + Uri.EscapeDataString("""{"event_format":"federation"}"""))).Ok();
            (await reader.GetAsync($"v3/rooms/{room}/messages?dir=b&limit=100&filter={filter}")).Ok();
            (await reader.GetAsync($"v3/rooms/{room}/state")).Ok();
            (await reader.GetAsync($"v1/rooms/{room}/hierarchy")).Ok();
            (await reader.GetAsync($"v1/room_summary/{room}")).Ok();
            (await reader.GetAsync($"v3/profile/{Uri.EscapeDataString(_mallory.UserId)}")).Ok();
            (await reader.GetAsync($"v3/rooms/{room}/initialSync")).Ok();
            (await reader.GetAsync("v3/initialSync?limit=5")).Ok();
            (await reader.GetAsync("v3/pushrules/")).Ok();
            (await reader.GetAsync("v3/pushers")).Ok();
            (await reader.PostAsync("v3/search",
                """{"search_categories":{"room_events":{"search_term":"needle","include_state":true,"event_context":{"include_profile":true}}}}""")).Ok();
        }

        await CheckKeysAsync();
        var user = Uri.EscapeDataString(_mallory.UserId);
        (await _peer.AskAsync(_server, HttpMethod.Get, $"/_matrix/federation/v1/user/devices/{user}")).Ok();
        (await _peer.AskAsync(_server, HttpMethod.Get, $"/_matrix/federation/v1/query/profile?user_id={user}")).Ok();
        (await _peer.AskAsync(_server, HttpMethod.Get, $"/_matrix/federation/v1/hierarchy/{room}")).Ok();
        (await _peer.AskAsync(_server, HttpMethod.Get, $"/_matrix/federation/v1/backfill/{room}?v={Uri.EscapeDataString(_event)}&limit=100")).Ok();

        // The queue has whatever was taken of the above in front of these.
        (await _alice.PutAsync("v3/sendToDevice/m.canary/1", $$$"""{"messages":{"{{{_peer.UserId("zoe")}}}":{"*":{"n":1} } } }""")).Ok();
        while ((await _inbox.NextAsync("m.direct_to_device"))["type"]!.GetValue<string>() != "m.canary")
        {
        }

        Assert.Equal("", _server.Faults);
    }

    /// <summary>The innocents' keys are found and claimed, each one-time key once, together with whatever the attacker has uploaded.</summary>
    private async Task CheckKeysAsync()
    {
        const string OneTimeKeys = $$"""{"{{Algorithm}}:1":{"key":"1"},"{{Algorithm}}:2":{"key":"2"} }""";
        foreach (var user in new[] { _alice, _bob })
            (await user.PostAsync("v3/keys/upload", $$"""{"device_keys":{{KeyObjects.Device(user)}},"one_time_keys":{{OneTimeKeys}}}""")).Ok();

        var queried = (await _bob.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{_alice.UserId}}}":[],"{{{_mallory.UserId}}}":[]} }""")).Ok();
        Assert.NotNull(queried["device_keys"]![_alice.UserId]![_alice.DeviceId]);
        var claims = new[] { _alice, _mallory }.Select(user => $$"""
            "{{user.UserId}}":{"{{user.DeviceId}}":"{{Algorithm}}"}
            """);
        var claim = $$"""{"one_time_keys":{{{string.Join(',', claims)}} } }""";
        var claimed = (await _bob.PostAsync("v3/keys/claim", claim)).Ok();
        Assert.Equal("signed_curve25519:1", Key(claimed));
        var federated = (await _peer.AskAsync(_server, HttpMethod.Post, "/_matrix/federation/v1/user/keys/claim", claim)).Ok();
        Assert.Equal("signed_curve25519:2", Key(federated));
        (await _peer.AskAsync(_server, HttpMethod.Post, "/_matrix/federation/v1/user/keys/query",
            $$$"""{"device_keys":{"{{{_alice.UserId}}}":[],"{{{_mallory.UserId}}}":[]} }""")).Ok();

        string Key(JsonNode answer) => answer["one_time_keys"]![_alice.UserId]![_alice.DeviceId]!.AsObject().Single().Key;
    }

    private string PathOf(string path) => string.Join('/', path.Split('/').Select(segment => !segment.StartsWith('{') ? segment
        : Uri.EscapeDataString(segment.Trim('{', '}', '?') switch
        {
            "userId" => _mallory.UserId,
            "roomId" or "roomIdOrAlias" => s_ending.Any(path.EndsWith) ? _otherRoom : _room,
            "eventId" => _event,
            "deviceId" => _mallory.DeviceId,
            "eventType" or "type" => "m.test",
            "keyName" => "org.example.field",
            "receiptType" => "m.read",
            "kind" => "override",
            "networkId" => "irc",
            "filterId" => "0",
            "roomAlias" => "#a" + Next() + ":" + _server.FederationName,
            "scope" => "global",
            _ => "x" + Next(),
        })));

    private string Next() => (++_sent).ToString(CultureInfo.InvariantCulture);

    private IEnumerable<string> BodiesOf(string path)
    {
        var zoe = _peer.UserId("zoe");
        if (path.Contains("/sendToDevice/", StringComparison.Ordinal))
            yield return $$"""{"messages":{"{{zoe}}":{"*":{"a":%} },"{{_alice.UserId}}":{"*":{"a":%} } } }""";
        else if (path.EndsWith("/keys/upload", StringComparison.Ordinal))
        {
            yield return $$"""{"one_time_keys":{"signed_curve25519:{{Next()}}":{"key":"k","x":%} } }""";
            yield return """{"fallback_keys":{"signed_curve25519:f":{"key":"k","fallback":true,"x":%} } }""";
            yield return $$"""{"device_keys":{{KeyObjects.Device(_mallory)[..^1]}},"x":%} }""";
        }
        else if (path.EndsWith("/keys/device_signing/upload", StringComparison.Ordinal))
        {
            var key = KeyObjects.CrossSigning(_mallory.UserId, "master", KeyObjects.NewKey(1));
            var auth = $$"""{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{_mallory.UserId}}"},"password":"{{TestClient.Password}}"}""";
            yield return $$"""{"auth":{{auth}},"master_key":{{key[..^1]}},"x":%} }""";
        }
        else if (path.EndsWith("/keys/signatures/upload", StringComparison.Ordinal))
            yield return $$"""{"{{_mallory.UserId}}":{"{{_mallory.DeviceId}}":{{KeyObjects.Device(_mallory)[..^1]}},"x":%} } }""";
        else if (path.Contains("/send/", StringComparison.Ordinal))
            yield return """{"msgtype":"m.text","body":"needle","x":%}""";
        else if (path.Contains("/profile/", StringComparison.Ordinal))
        {
            yield return """{"org.example.field":%}""";
            yield return """{"displayname":"m","avatar_url":"mxc://a/b","x":%}""";
        }
        else if (path.EndsWith("/pushers/set", StringComparison.Ordinal))
        {
            yield return """
                {"kind":"http","app_id":"a","pushkey":"k","app_display_name":"a","device_display_name":"d","lang":"en",
                "data":{"url":"https://x.test/_matrix/push/v1/notify","x":%} }
                """;
        }
        else if (path.Contains("/pushrules/", StringComparison.Ordinal))
        {
            yield return """
                {"actions":["notify",{"set_tweak":"sound","value":%}],"conditions":[{"kind":"event_match","key":"content.body","pattern":"x","y":%}]}
                """;
        }
        else if (path.EndsWith("/filter", StringComparison.Ordinal))
            yield return """{"room":{"timeline":{"limit":1}},"x":%}""";
        else if (path.EndsWith("/createRoom", StringComparison.Ordinal))
        {
            yield return """{"creation_content":{"x":%} }""";
            yield return """{"initial_state":[{"type":"m.test","content":{"x":%}}]}""";
        }

        // Whatever an endpoint reads and whatever it does not.
        yield return """{"x":%}""";
        yield return """{"reason":%,"content":%,"data":%,"auth_data":%,"tags":%,"order":%,"auth":%,"status_msg":%,"rooms":%,"messages":%,"device_keys":%}""";
    }

    /// <summary>The template with the hostile value in each place; a depth is that of the whole body.</summary>
    private static string Fill(string template, string kind)
    {
        if (!kind.StartsWith("depth ", StringComparison.Ordinal))
            return template.Replace("%", kind == "integer of 400 digits" ? new string('9', 400) : kind, StringComparison.Ordinal);
        var wanted = int.Parse(kind.AsSpan(6), CultureInfo.InvariantCulture);
        var (depth, text) = (0, new System.Text.StringBuilder());
        foreach (var c in template)
        {
            depth += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
            if (c == '%')
                text.Append('[', wanted - depth).Append(']', wanted - depth);
            else
                text.Append(c);
        }

        return text.ToString();
    }
}
