using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Keys;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>S-S API, Device Management, both ways.</summary>
public sealed class DeviceListTests : IAsyncLifetime
{
    private const string Update = "m.device_list_update";
    private readonly FederatingServer _server = new();
    private Peer _peer = null!;
    private PeerInbox _inbox = null!;
    private TestClient _alice = null!;
    private string _zoe = "";

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _peer = await Peer.StartAsync();
        _inbox = new PeerInbox(_peer);
        _alice = await _server.RegisterAsync("alice");
        _zoe = _peer.UserId("zoe");
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_server_is_told_of_all_changes_in_a_chain_that_begins_when_it_first_shares_a_room()
    {
        var master = KeyObjects.NewKey(1);
        await UploadAsync(_alice);
        await ShareRoomAsync();
        var first = await _inbox.NextAsync(Update);
        Assert.Equal((_alice.UserId, _alice.DeviceId), (Text(first, "user_id"), Text(first, "device_id")));
        Assert.Empty(first["prev_id"]!.AsArray());
        Assert.Equal("curve", first["keys"]!["keys"]![$"curve25519:{_alice.DeviceId}"]!.GetValue<string>());

        (await _alice.PutAsync($"v3/devices/{_alice.DeviceId}", """{"display_name":"Phone"}""")).Ok();
        var renamed = await _inbox.NextAsync(Update);
        Assert.Equal("Phone", Text(renamed, "device_display_name"));
        var second = await _server.LogInAsync(_alice);
        var loggedIn = await _inbox.NextAsync(Update);
        Assert.Equal(second.DeviceId, Text(loggedIn, "device_id"));
        Assert.False(loggedIn.AsObject().ContainsKey("keys"));
        (await second.PostAsync("v3/logout")).Ok();
        var loggedOut = await _inbox.NextAsync(Update);
        Assert.Equal((second.DeviceId, true), (Text(loggedOut, "device_id"), loggedOut["deleted"]!.GetValue<bool>()));

        JsonNode[] chain = [first, renamed, loggedIn, loggedOut];
        for (var i = 1; i < chain.Length; i++)
            Assert.Equal(StreamId(chain[i - 1]), Assert.Single(chain[i]["prev_id"]!.AsArray())!.GetValue<long>());

        (await _alice.PostAsync("v3/keys/device_signing/upload", $$"""{"master_key":{{KeyObjects.CrossSigning(_alice.UserId, "master", master)}}}""")).Ok();
        var signing = await _inbox.NextAsync("m.signing_key_update");
        Assert.Equal(_alice.UserId, Text(signing, "user_id"));
        Assert.NotNull(signing["master_key"]!["keys"]![master.KeyId]);
        Assert.Empty(_inbox.Rest());

        var list = (await _peer.AskAsync(_server, HttpMethod.Get, $"/_matrix/federation/v1/user/devices/{Uri.EscapeDataString(_alice.UserId)}")).Ok();
        Assert.Equal(_alice.DeviceId, Text(Assert.Single(list["devices"]!.AsArray())!, "device_id"));
        Assert.True(StreamId(list) >= StreamId(loggedOut));
        Assert.NotNull(list["master_key"]);
    }

    [Fact]
    public async Task A_server_is_told_of_a_user_without_keys_who_comes_to_share_a_room_with_it()
    {
        await ShareRoomAsync();
        Assert.Equal((_alice.UserId, _alice.DeviceId), Named(await _inbox.NextAsync(Update)));

        // In the peer's room none of this server was before.
        var hand = new PeersRoom(_peer, "theirs");
        _peer.On("GET /_matrix/federation/v1/make_join/", request => hand.Template(request.Last, "join"));
        _peer.On("PUT /_matrix/federation/v2/send_join/", _ => hand.Joined());
        var bob = await _server.RegisterAsync("bob");
        (await bob.PostAsync(hand.Join)).Ok();
        var told = await _inbox.NextAsync(Update);
        Assert.Equal((bob.UserId, bob.DeviceId), Named(told));
        Assert.False(told.AsObject().ContainsKey("keys"));
        Assert.Empty(_inbox.Rest());
    }

    [Fact]
    public async Task A_server_that_comes_again_is_told_anew_only_of_what_changed_while_it_was_away()
    {
        await UploadAsync(_alice);
        var room = await ShareRoomAsync();
        var before = await _inbox.NextAsync(Update);
        var other = await _alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        await _peer.JoinAsync(_server, other, "zoe");
        (await _alice.PostAsync($"v3/rooms/{Uri.EscapeDataString(other)}/leave")).Ok();
        (await _alice.PostAsync($"v3/rooms/{Uri.EscapeDataString(room.RoomId)}/leave")).Ok();
        (await _alice.PutAsync($"v3/devices/{_alice.DeviceId}", """{"display_name":"New name"}""")).Ok();
        Assert.Empty(_inbox.Rest());

        await ShareRoomAsync();
        var after = await _inbox.NextAsync(Update);
        Assert.Empty(after["prev_id"]!.AsArray());
        Assert.True(StreamId(after) > StreamId(before));
    }

    [Fact]
    public async Task The_first_update_fetches_the_list_and_the_next_ones_apply_without()
    {
        await ShareRoomAsync();
        var fetches = ServeDevices(() => (5, [("D1", "one"), ("D2", null)]));
        var since = await SinceAsync();
        await _inbox.SendAsync(_server, Update, Edu("D1", 5, null));
        since = await WaitForChangeAsync(since);
        Assert.Equal(["D1", "D2"], await QueryAsync());
        Assert.Equal(1, fetches());

        await _inbox.SendAsync(_server, Update, Edu("D3", 6, 5, name: "three"));
        since = await WaitForChangeAsync(since);
        Assert.Equal(["D1", "D2", "D3"], await QueryAsync());
        await _inbox.SendAsync(_server, Update, Edu("D1", 7, 6, deleted: true));
        since = await WaitForChangeAsync(since);
        Assert.Equal(["D2", "D3"], await QueryAsync());
        await _inbox.SendAsync(_server, Update, Edu("D2", 7, 6, deleted: true));
        Assert.Equal(["D2", "D3"], await QueryAsync());
        Assert.Equal(1, fetches());
        Assert.DoesNotContain(_peer.Asked, a => a.Contains("keys/query", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_gap_is_filled_by_the_whole_list_and_later_if_the_server_cannot_give_it()
    {
        await ShareRoomAsync();
        var answering = true;
        (long, (string, string?)[]) list = (1, [("D1", null)]);
        var fetches = ServeDevices(() => answering ? list : null);
        var since = await SinceAsync();
        Assert.Equal(["D1"], await QueryAsync());
        since = await WaitForChangeAsync(since);

        answering = false;
        list = (4, [("D1", null), ("D4", null)]);
        await _inbox.SendAsync(_server, Update, Edu("D4", 4, 3));
        since = await WaitForChangeAsync(since);
        var failed = (await _alice.PostAsync("v3/keys/query", $$"""{"device_keys":{"{{_zoe}}":[]} }""")).Ok();
        Assert.Equal(_peer.Name.Value, Assert.Single(failed["failures"]!.AsObject()).Key);

        answering = true;
        since = await WaitForChangeAsync(since);
        Assert.Equal(["D1", "D4"], await QueryAsync());
        var count = fetches();
        await _inbox.SendAsync(_server, Update, Edu("D5", 5, 4));
        await WaitForChangeAsync(since);
        Assert.Equal(["D1", "D4", "D5"], await QueryAsync());
        Assert.Equal(count, fetches());
    }

    [Fact]
    public async Task Lists_are_not_kept_of_users_who_share_no_room_any_more()
    {
        var room = await ShareRoomAsync();
        var fetches = ServeDevices(() => (1, [("D1", null)]));
        Assert.Equal(["D1"], await QueryAsync());
        Assert.Equal(["D1"], await QueryAsync());
        Assert.Equal(1, fetches());

        var leave = room.Add(_zoe, "m.room.member", _zoe, """{"membership":"leave"}""");
        await _peer.SendAsync(_server, leave);
        _peer.On("POST /_matrix/federation/v1/user/keys/query", _ => JsonNode.Parse($$$"""{"device_keys":{"{{{_zoe}}}":{"D9":{} } } }""")!);
        Assert.Equal(["D9"], await QueryAsync());
        await _inbox.SendAsync(_server, Update, Edu("D1", 2, 1));
        Assert.Equal(1, fetches());
    }

    [Fact]
    public async Task Cross_signing_keys_are_taken_if_the_master_key_vouches_for_them()
    {
        await ShareRoomAsync();
        var served = new JsonObject();
        ServeDevices(() => (1, [("D1", null)]), served);
        Assert.Equal(["D1"], await QueryAsync());
        var (master, other, self) = (KeyObjects.NewKey(1), KeyObjects.NewKey(2), KeyObjects.NewKey(3));
        var since = await SinceAsync();
        served["master_key"] = JsonNode.Parse(KeyObjects.CrossSigning(_zoe, "master", master));
        await _inbox.SendAsync(_server, "m.signing_key_update", $$"""
            {"user_id":"{{_zoe}}","master_key":{{KeyObjects.CrossSigning(_zoe, "master", master)}},"self_signing_key":{{KeyObjects.CrossSigning(_zoe, "self_signing", self, other)}}}
            """);
        since = await WaitForChangeAsync(since);
        var keys = (await _alice.PostAsync("v3/keys/query", $$"""{"device_keys":{"{{_zoe}}":[]} }""")).Ok();
        Assert.NotNull(keys["master_keys"]![_zoe]!["keys"]![master.KeyId]);
        Assert.Empty(keys["self_signing_keys"]!.AsObject());

        served["self_signing_key"] = JsonNode.Parse(KeyObjects.CrossSigning(_zoe, "self_signing", self, master));
        await _inbox.SendAsync(
            _server, "m.signing_key_update", $$"""{"user_id":"{{_zoe}}","self_signing_key":{{KeyObjects.CrossSigning(_zoe, "self_signing", self, master)}}}""");
        await WaitForChangeAsync(since);
        keys = (await _alice.PostAsync("v3/keys/query", $$"""{"device_keys":{"{{_zoe}}":[]} }""")).Ok();
        Assert.NotNull(keys["self_signing_keys"]![_zoe]);
    }

    [Fact]
    public async Task A_server_that_tells_of_signatures_on_devices_by_new_cross_signing_keys_alone_is_asked_for_its_devices_again()
    {
        await ShareRoomAsync();
        var name = "unsigned";
        var served = new JsonObject();
        var fetches = ServeDevices(() => (5, [("D1", name)]), served);
        var since = await SinceAsync();
        await _inbox.SendAsync(_server, Update, Edu("D1", 5, null));
        since = await WaitForChangeAsync(since);
        Assert.Equal(1, fetches());

        // The stream id of its list stays.
        name = "signed";
        var master = KeyObjects.NewKey(1);
        served["master_key"] = JsonNode.Parse(KeyObjects.CrossSigning(_zoe, "master", master));
        await _inbox.SendAsync(
            _server, "m.signing_key_update", $$"""{"user_id":"{{_zoe}}","master_key":{{KeyObjects.CrossSigning(_zoe, "master", master)}} }""");
        await WaitForChangeAsync(since);
        var keys = (await _alice.PostAsync("v3/keys/query", $$"""{"device_keys":{"{{_zoe}}":[]} }""")).Ok();
        Assert.Equal("signed", keys["device_keys"]![_zoe]!["D1"]!["unsigned"]!["device_display_name"]!.GetValue<string>());
        Assert.Equal(2, fetches());
    }

    [Fact]
    public async Task Cross_signing_keys_that_come_while_the_list_is_being_fetched_are_not_lost()
    {
        await ShareRoomAsync();
        var master = KeyObjects.NewKey(1);
        var (asked, reached, gate) = (0, new TaskCompletionSource(), new TaskCompletionSource());
        _peer.On("GET /_matrix/federation/v1/user/devices/", _ =>
        {
            // The first answer is from before the keys were uploaded, and comes after the news of them.
            var isFirst = Interlocked.Increment(ref asked) == 1;
            reached.TrySetResult();
            gate.Task.Wait();
            var list = new JsonObject { ["user_id"] = _zoe, ["stream_id"] = 5, ["devices"] = new JsonArray() };
            if (!isFirst)
                list["master_key"] = JsonNode.Parse(KeyObjects.CrossSigning(_zoe, "master", master));
            return new Answer(200, list.ToJsonString());
        });
        var since = await SinceAsync();
        await _inbox.SendAsync(_server, Update, Edu("D1", 5, null));
        await reached.Task;
        await _inbox.SendAsync(
            _server, "m.signing_key_update", $$"""{"user_id":"{{_zoe}}","master_key":{{KeyObjects.CrossSigning(_zoe, "master", master)}} }""");
        gate.SetResult();

        JsonNode? known = null;
        for (var i = 0; i < 3 && known is null; i++)
        {
            since = await WaitForChangeAsync(since);
            known = (await _alice.PostAsync("v3/keys/query", $$"""{"device_keys":{"{{_zoe}}":[]} }""")).Ok()["master_keys"]![_zoe];
        }

        Assert.NotNull(known!["keys"]![master.KeyId]);
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task A_user_of_another_server_who_joins_is_in_keys_changes()
    {
        var room = await _alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        var from = await SinceAsync();
        await _peer.JoinAsync(_server, room, "zoe");
        var to = await SinceAsync();

        var changes = (await _alice.GetAsync($"v3/keys/changes?from={from}&to={to}")).Ok();

        Assert.Equal([_zoe], changes["changed"]!.AsArray().Select(u => u!.GetValue<string>()));
        changes = (await _alice.GetAsync($"v3/keys/changes?from={to}&to={to}")).Ok();
        Assert.Empty(changes["changed"]!.AsArray());
    }

    [Fact]
    public async Task Updates_about_users_of_other_servers_and_malformed_ones_are_passed_over()
    {
        await ShareRoomAsync();
        var fetches = ServeDevices(() => (1, [("D1", null)]));
        foreach (var content in new[]
        {
            $$"""{"user_id":"{{_alice.UserId}}","device_id":"D","stream_id":1}""", $$"""{"user_id":"{{_zoe}}","device_id":"D","stream_id":"1"}""",
            $$"""{"user_id":"{{_zoe}}","stream_id":1}""", $$"""{"user_id":"{{_zoe}}","device_id":"D","stream_id":1,"keys":{"user_id":"@other:x"} }""",
            $$"""{"user_id":"{{_peer.UserId("stranger")}}","device_id":"D","stream_id":1}""",
        })
        {
            await _inbox.SendAsync(_server, Update, content);
        }

        Assert.Equal(0, fetches());
        Assert.Empty(_server.Faults);
    }

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();

    private static long StreamId(JsonNode node) => node["stream_id"]!.GetValue<long>();

    private static async Task UploadAsync(TestClient user) =>
        (await user.PostAsync("v3/keys/upload", $$"""{"device_keys":{{KeyObjects.Device(user)}}}""")).Ok();

    private static (string UserId, string DeviceId) Named(JsonNode update) => (Text(update, "user_id"), Text(update, "device_id"));

    private async Task<PeerRoom> ShareRoomAsync() => await _peer.JoinAsync(_server, await _alice.CreateRoomAsync("""{"preset":"public_chat"}"""), "zoe");

    /// <summary>Answers <c>user/devices</c> for the peer's user, 503 for null; gives how often it was asked.</summary>
    /// <param name="list">The list; null: it is not to be had.</param>
    /// <param name="crossSigning">The user's cross-signing keys, which the answer has too.</param>
    private Func<int> ServeDevices(Func<(long StreamId, (string Id, string? Name)[] Devices)?> list, JsonObject? crossSigning = null)
    {
        var asked = 0;
        _peer.On("GET /_matrix/federation/v1/user/devices/", _ =>
        {
            asked++;
            if (list() is not { } present)
                return new Answer(503, "{}");
            var devices = present.Devices.Select(
                d => (JsonNode)new JsonObject
                {
                    ["device_id"] = d.Id,
                    ["device_display_name"] = d.Name,
                    ["keys"] = new JsonObject { ["algorithms"] = new JsonArray() }
                });
            var answer = new JsonObject { ["user_id"] = _zoe, ["stream_id"] = present.StreamId, ["devices"] = new JsonArray([.. devices]) };
            foreach (var (name, key) in crossSigning ?? [])
                answer[name] = key!.DeepClone();
            return new Answer(200, answer.ToJsonString());
        });
        return () => asked;
    }

    private string Edu(string deviceId, long streamId, long? previous, string? name = null, bool deleted = false) => new JsonObject
    {
        ["user_id"] = _zoe,
        ["device_id"] = deviceId,
        ["stream_id"] = streamId,
        ["prev_id"] = previous is { } id ? new JsonArray(id) : null,
        ["device_display_name"] = name,
        ["deleted"] = deleted,
        ["keys"] = new JsonObject { ["algorithms"] = new JsonArray() },
    }.ToJsonString();

    private async Task<string[]> QueryAsync()
    {
        var keys = (await _alice.PostAsync("v3/keys/query", $$"""{"device_keys":{"{{_zoe}}":[]} }""")).Ok();
        Assert.Empty(keys["failures"]!.AsObject());
        return [.. keys["device_keys"]![_zoe]!.AsObject().Select(d => d.Key).Order(StringComparer.Ordinal)];
    }

    private async Task<string> SinceAsync() => (await _alice.GetAsync("v3/sync")).Ok("next_batch");

    /// <summary>Syncs until the peer's user is among those whose devices changed; the token after it.</summary>
    private async Task<string> WaitForChangeAsync(string since)
    {
        for (var i = 0; i < 20; i++)
        {
            var sync = (await _alice.GetAsync($"v3/sync?timeout=5000&since={since}")).Ok();
            since = Text(sync, "next_batch");
            if (sync["device_lists"]?["changed"]?.AsArray().Any(u => u!.GetValue<string>() == _zoe) == true)
                return since;
        }

        throw new InvalidOperationException("The change did not come");
    }
}
