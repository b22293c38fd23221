using System.Text;
using OrleansMatrix.Gateway.Tests.Keys;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>
/// Every column that holds JSON, found in the database itself, has something else in its first and its last row: nothing fails for that, and each user's sync is
/// answered (ADR 0112).
/// </summary>
public sealed class StoredPoisonTests : IAsyncLifetime
{
    private static readonly byte[][] s_poison = [[0x22, 0xff], "{\"a\":\"\\ud800\"}"u8.ToArray(), Encoding.UTF8.GetBytes(HostileJson.Deep(3000))];

    private readonly TestClock _clock = new(TimeProvider.System.GetUtcNow());
    private FederatingServer _server = null!;
    private Peer _peer = null!;
    private TestClient _alice = null!;
    private TestClient _bob = null!;
    private string _room = "";
    private string _event = "";

    public async ValueTask InitializeAsync()
    {
        _server = new FederatingServer { Clock = _clock };
        await _server.InitializeAsync();
        _peer = await Peer.StartAsync();
        _alice = await _server.RegisterAsync("alice");
        _bob = await _server.RegisterAsync("bob");
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task No_row_takes_others_down()
    {
        await FillAsync();
        byte[] whole = [];
        IReadOnlyList<(string Table, string Column)> columns = [];
        await _server.RestartAsync(file =>
        {
            columns = StoredJson.Columns(file);
            whole = File.ReadAllBytes(file);
        });
        Assert.InRange(columns.Count, 15, 100);
        var failures = new List<string>();
        foreach (var (place, i) in columns.Select((place, i) => (place, i)))
        {
            await _server.RestartAsync(file =>
            {
                File.Delete(file + "-wal");
                File.Delete(file + "-shm");
                File.WriteAllBytes(file, whole);
                StoredJson.Replace(file, place.Table, place.Column, s_poison[i % s_poison.Length]);
            });
            foreach (var problem in await ReadAsync())
                failures.Add($"{place.Table}.{place.Column}: {problem}");
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    // Something of each kind that this server stores.
    private async Task FillAsync()
    {
        (await _alice.PutAsync($"v3/profile/{_alice.UserId}/displayname", """{"displayname":"Alice"}""")).Ok();
        (await _alice.PutAsync($"v3/profile/{_alice.UserId}/x.own", """{"x.own":{"a":1}}""")).Ok();
        foreach (var name in new[] { "first", "second" })
        {
            _room = await _alice.CreateRoomAsync("""{"preset":"public_chat","name":"needle","topic":"t"}""");
            await _bob.JoinAsync(_room);
            var first = await _alice.SendTextAsync(_room, "needle " + name);
            _event = await _bob.SendTextAsync(_room, "needle behind");
            var path = $"v3/rooms/{Uri.EscapeDataString(_room)}";
            (await _bob.PutAsync($"{path}/send/m.reaction/{name}r",
                $$$"""{"m.relates_to":{"rel_type":"m.annotation","event_id":"{{{_event}}}","key":"k"}}""")).Ok();
            (await _alice.PutAsync($"{path}/redact/{Uri.EscapeDataString(first)}/{name}x")).Ok();
            (await _alice.PutAsync($"v3/user/{_alice.UserId}/{path[3..]}/account_data/x", """{"a":1}""")).Ok();
            (await _alice.PutAsync($"v3/user/{_alice.UserId}/{path[3..]}/tags/t", """{"order":0.5}""")).Ok();
            (await _alice.PutAsync($"v3/user/{_alice.UserId}/account_data/{name}", """{"a":1}""")).Ok();
            (await _alice.PostAsync($"v3/user/{_alice.UserId}/filter", $$$"""{"room":{"timeline":{"limit":{{{name.Length}}} } } }""")).Ok();
            (await _alice.PutAsync($"v3/pushrules/global/content/{name}", """{"pattern":"n","actions":["notify"]}""")).Ok();
            (await _alice.PostAsync("v3/pushers/set", $$$"""
                {"kind":"http","app_id":"{{{name}}}","pushkey":"k","app_display_name":"a","device_display_name":"d","lang":"en",
                "data":{"url":"https://push.test/_matrix/push/v1/notify"}}
                """)).Ok();
            (await _bob.PostAsync($"{path}/receipt/m.read/{Uri.EscapeDataString(_event)}")).Ok();
            (await _bob.PutAsync($"{path}/typing/{_bob.UserId}", """{"typing":true,"timeout":30000}""")).Ok();
            (await _alice.PostAsync("v3/room_keys/version", """{"algorithm":"m.megolm_backup.v1.curve25519-aes-sha2","auth_data":{"public_key":"a"}}""")).Ok();
            (await _bob.PutAsync($"v3/sendToDevice/m.x/{name}", $$$"""{"messages":{"{{{_alice.UserId}}}":{"*":{"n":1} } } }""")).Ok();
            var invited = await _bob.CreateRoomAsync($$"""{"preset":"private_chat","invite":["{{_alice.UserId}}"]}""");
            Assert.NotEmpty(invited);
            await _peer.JoinAsync(_server, _room, "zoe" + name);
        }

        (await _alice.PutAsync("v3/room_keys/keys?version=2",
            """{"rooms":{"!r:x":{"sessions":{"s":{"first_message_index":1,"forwarded_count":0,"is_verified":true,"session_data":{"c":"x"}}}}}}""")).Ok();
        foreach (var user in new[] { _alice, _bob })
        {
            var master = KeyObjects.NewKey((byte)(user == _alice ? 1 : 2));
            (await user.PostAsync("v3/keys/upload", $$$"""
                {"device_keys":{{{KeyObjects.Device(user)}}},"one_time_keys":{"signed_curve25519:a":{"key":"k"}},"fallback_keys":{"signed_curve25519:f":{"key":"k"} } }
                """)).Ok();
            (await user.PostAsync("v3/keys/device_signing/upload", $$$"""
                {"master_key":{{{KeyObjects.CrossSigning(user.UserId, "master", master)}}},
                "self_signing_key":{{{KeyObjects.CrossSigning(user.UserId, "self_signing", KeyObjects.NewKey(3), master)}}} }
                """)).Ok();
            (await user.GetAsync("v3/sync?timeout=0")).Ok();
        }

        var zoe = _peer.UserId("zoefirst");
        _peer.On("GET /_matrix/federation/v1/user/devices/", _ => new Answer(
            200, $$"""{"user_id":"{{zoe}}","stream_id":1,"devices":[{"device_id":"Z","keys":{"user_id":"{{zoe}}","device_id":"Z"} }]}"""));
        (await _alice.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{zoe}}}":[]} }""")).Ok();
    }

    // What a user's client asks for in its first minute. Of what is damaged itself "not found" may be said.
    private async Task<List<string>> ReadAsync()
    {
        var room = $"v3/rooms/{Uri.EscapeDataString(_room)}";
        var problems = new List<string>();
        foreach (var user in new[] { _alice, _bob })
        {
            foreach (var path in new[]
            {
                "v3/sync?timeout=0", "v3/initialSync", "v3/pushrules/", "v3/pushers", "v3/devices", "v3/notifications", "v3/joined_rooms", "v3/publicRooms",
                $"v3/profile/{_alice.UserId}", $"v3/profile/{_bob.UserId}", $"v3/user/{_alice.UserId}/account_data/second", "v3/room_keys/version",
                "v3/room_keys/version/1", "v3/room_keys/keys?version=2", $"v3/user/{_alice.UserId}/filter/1",
                $"{room}/messages?dir=b", $"{room}/state", $"{room}/members", $"{room}/joined_members", $"{room}/context/{Uri.EscapeDataString(_event)}",
                $"{room}/initialSync", $"{room}/aliases", $"v1/{room[3..]}/hierarchy", $"v1/room_summary/{Uri.EscapeDataString(_room)}",
                $"v1/{room[3..]}/relations/{Uri.EscapeDataString(_event)}", $"v1/{room[3..]}/threads",
            })
                await CheckAsync(path, user.GetAsync(path), mustSucceed: path.StartsWith("v3/sync", StringComparison.Ordinal));
            await CheckAsync("keys/query", user.PostAsync(
                "v3/keys/query", $$$"""{"device_keys":{"{{{_alice.UserId}}}":[],"{{{_bob.UserId}}}":[],"{{{_peer.UserId("zoefirst")}}}":[]} }"""), true);
            await CheckAsync("search", user.PostAsync("v3/search", """{"search_categories":{"room_events":{"search_term":"needle"}}}"""), true);
            await CheckAsync("createRoom", user.PostAsync("v3/createRoom", """{"name":"new"}"""), true);
            await CheckAsync("send", user.PutAsync($"{room}/send/m.room.message/later", """{"body":"later","msgtype":"m.text"}"""), true);
            await CheckAsync("sendToDevice", user.PutAsync(
                "v3/sendToDevice/m.x/later", $$$"""{"messages":{"{{{_alice.UserId}}}":{"*":{"n":1} } } }"""), true);
            await CheckAsync("login", _server.Anonymous().PostAsync(
                "v3/login", $$$"""{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{user.UserId}}}"},"password":"{{{TestClient.Password}}}"}"""), true);
        }

        return problems;

        async Task CheckAsync(string what, Task<Answer> asking, bool mustSucceed)
        {
            // A fault of the server ends the call with what it has logged.
            var answer = await Record.ExceptionAsync(() => asking) is { } fault ? new Answer(500, fault.Message) : await asking;
            if (answer.Status >= 500 || (mustSucceed && answer.Status != 200))
                problems.Add($"{what} is {answer.Status} {answer.Text}");
        }
    }
}
