using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Keys;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>
/// Something that cannot be read, written or signed stands at the head of each durable queue, or among what an answer is made of: it is left out, and what is
/// behind or beside it arrives (ADR 0112).
/// </summary>
public sealed class PoisonTests : IAsyncLifetime
{
    private static readonly byte[][] s_poison =
        [[], "x"u8.ToArray(), "{\"a\":"u8.ToArray(), "1e400"u8.ToArray(), "{\"a\":\"\\ud800\"}"u8.ToArray(), "\"text\""u8.ToArray(), [0x22, 0xff, 0x22],
        Encoding.UTF8.GetBytes(new string('[', 3000) + new string(']', 3000))];

    private readonly TestClock _clock = new(TimeProvider.System.GetUtcNow());
    private FederatingServer _server = null!;
    private Peer _peer = null!;
    private PeerInbox _inbox = null!;
    private TestClient _alice = null!;
    private TestClient _bob = null!;
    private PeerRoom _zoesRoom = null!;
    private string _room = "";

    private IStorage Storage => _server.Services.GetRequiredService<IStorage>();

    public async ValueTask InitializeAsync()
    {
        _server = new FederatingServer { Clock = _clock };
        await _server.InitializeAsync();
        _peer = await Peer.StartAsync();
        _inbox = new PeerInbox(_peer);
        _alice = await _server.RegisterAsync("alice");
        _bob = await _server.RegisterAsync("bob");
        _room = await _alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        await _bob.JoinAsync(_room);
        _zoesRoom = await _peer.JoinAsync(_server, _room, "zoe");
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        await _server.DisposeAsync();
    }

    /// <summary>Each kind that the queue for a server has, also one that is added later, with each content and naming nothing that exists.</summary>
    [Fact]
    public async Task The_queue_for_a_server_goes_on()
    {
        await DrainAsync();
        var unit = new WriteUnit();
        foreach (var row in s_poison.Select((json, i) => new DeviceKeysRow(_bob.UserId, i == 0 ? _bob.DeviceId : $"D{i}", json)))
            Storage.Keys.PutDeviceKeys(unit, row);
        foreach (var usage in new[] { "master", "self_signing" })
            Storage.Keys.PutCrossSigningKey(unit, new CrossSigningKeyRow(_bob.UserId, usage, s_poison[2]));
        await PutEventAsync(unit, "$poison");
        foreach (var kind in Enum.GetValues<OutboxKind>())
        {
            foreach (var body in s_poison.Select(p => (ReadOnlyMemory<byte>?)p).Append(null))
            {
                foreach (var topic in new[] { _room, _bob.UserId, "\u0000?" })
                    Enqueue(unit, new OutboxItem(kind, topic, kind == OutboxKind.Pdu ? "$poison" : null, body));
            }

            Enqueue(unit, new OutboxItem(kind, _bob.UserId, null, Encoding.UTF8.GetBytes(_bob.DeviceId)));
        }

        await Storage.CommitAsync(unit);
        var last = await _alice.SendTextAsync(_room, "behind");
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(1), () => _inbox.Pdus.Any(p => p["content"]!["body"]?.GetValue<string>() == "behind"));
        await DrainAsync();
        Assert.NotEmpty(last);
        Assert.DoesNotContain("Sending to", _server.Faults, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_newest_events_of_rooms_go_on()
    {
        await DrainAsync();
        _inbox.Refuse = _ => new Answer(503, "{}");
        var unit = new WriteUnit();
        await PutEventAsync(unit, "$poison");
        for (var i = 0; i < 1001; i++)
            Enqueue(unit, new OutboxItem(OutboxKind.Pdu, i % 2 == 0 ? "!poisoned" : _room, i % 2 == 0 ? "$poison" : _zoesRoom.Last.EventId));
        await Storage.CommitAsync(unit);
        await _alice.SendTextAsync(_room, "newest");
        await PeerInbox.AdvanceUntilAsync(
            _server, TimeSpan.FromSeconds(1), () => Storage.Outbox.UnsentRoomsAsync(_peer.Name.Value, 10).AsTask().Result.Count == 2);
        _inbox.Refuse = _ => null;
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(5), () => _inbox.Pdus.Any(p => p["content"]!["body"]?.GetValue<string>() == "newest"));
        await DrainAsync();
    }

    [Fact]
    public async Task Events_that_wait_to_be_judged_go_on()
    {
        var first = _zoesRoom.Say(_peer.UserId("zoe"), "first");
        var second = _zoesRoom.Say(_peer.UserId("zoe"), "second");
        _peer.On("POST /_matrix/federation/v1/get_missing_events/", _ => new JsonObject { ["events"] = PeerRoom.Array([first]) });
        var unit = new WriteUnit();
        var at = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var (json, i) in s_poison.Select((json, i) => (json, i)))
        {
            Storage.StagedPdus.Put(unit, new StagedPduRow(_room, $"$poison{i}", _peer.Name.Value, json, at - 1000 + i));
            Storage.StagedPdus.Put(unit, new StagedPduRow(_room, $"$worse{i}", "not a name", json, at - 500 + i));
        }

        Storage.StagedPdus.Put(unit, new StagedPduRow(_room, second.EventId, _peer.Name.Value, second.Json, at));
        await Storage.CommitAsync(unit);

        // The room learns of what waits when it is read from storage.
        await _server.RestartAsync();
        await _server.Services.GetRequiredService<IGrainFactory>().GetGrain<IStagedPdusGrain>(_room).Wake(isNew: true);
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(1), () => Storage.Events.GetAsync(second.EventId).AsTask().Result is not null);
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(1), () => Storage.StagedPdus.OfRoomAsync(_room).AsTask().Result.Count == 0);
    }

    [Fact]
    public async Task A_remote_users_devices_are_taken_but_for_the_one()
    {
        var devices = new StringBuilder();
        foreach (var (json, i) in s_poison.Skip(3).Where(IsGrammatical).Select((json, i) => (json, i)))
            devices.Append($$"""{"device_id":"P{{i}}","keys":{"x":{{Encoding.UTF8.GetString(json)}} } },""");
        var zoe = _peer.UserId("zoe");
        _peer.On("GET /_matrix/federation/v1/user/devices/", _ => new Answer(200,
            $$"""{"user_id":"{{zoe}}","stream_id":1,"devices":[{{devices}}{"device_id":"GOOD","keys":{"user_id":"{{zoe}}","device_id":"GOOD"} }]}"""));
        var found = (await _alice.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{zoe}}}":[]} }""")).Ok();
        Assert.Equal(["GOOD"], found["device_keys"]![zoe]!.AsObject().Select(d => d.Key));
    }

    [Fact]
    public async Task Keys_of_another_server_are_found_and_claimed_but_for_the_one()
    {
        var other = _peer.UserId("other");
        foreach (var json in s_poison.Where(IsGrammatical).Select(Encoding.UTF8.GetString))
        {
            _peer.On("POST /_matrix/federation/v1/user/keys/query", _ => new Answer(200,
                $$"""{"device_keys":{"{{_peer.UserId("bad")}}":{"D":{"x":{{json}} } },"{{other}}":{"P":{"x":{{json}} },"GOOD":{} } } }"""));
            _peer.On("POST /_matrix/federation/v1/user/keys/claim", _ => new Answer(200,
                $$"""{"one_time_keys":{"{{other}}":{"P":{"a:1":{"x":{{json}} } },"GOOD":{"a:1":"k"} } } }"""));
            var found = (await _alice.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{other}}}":[],"{{{_peer.UserId("bad")}}}":[]} }""")).Ok();
            Assert.Equal(["GOOD"], found["device_keys"]![other]!.AsObject().Select(d => d.Key));
            var claimed = (await _alice.PostAsync("v3/keys/claim", $$$"""{"one_time_keys":{"{{{other}}}":{"P":"a","GOOD":"a"} } }""")).Ok();
            Assert.Equal(["GOOD"], claimed["one_time_keys"]![other]!.AsObject().Select(d => d.Key));
        }
    }

    [Fact]
    public async Task What_is_stored_of_a_user_is_shown_but_for_the_one()
    {
        (await _alice.PutAsync($"v3/user/{_alice.UserId}/account_data/good", """{"a":1}""")).Ok();
        (await _bob.PostAsync("v3/keys/upload", $$$"""{"device_keys":{{{KeyObjects.Device(_bob)}}}}""")).Ok();
        var unit = new WriteUnit();
        foreach (var (json, i) in s_poison.Select((json, i) => (json, i)))
        {
            foreach (var roomId in new[] { "", _room })
            {
                foreach (var type in new[] { $"bad{i}", i == 0 ? "m.push_rules" : "m.ignored_user_list", i == 1 ? "m.tag" : "m.direct" })
                {
                    var row = new AccountDataRow(_alice.UserId, roomId, type, json, 0);
                    Storage.AccountData.Put(unit, row, unit.NextPosition(ChangeKind.AccountData, _alice.UserId));
                }
            }

            Storage.ToDevice.Put(unit, new ToDeviceRow(_alice.UserId, _alice.DeviceId, json, 0), unit.NextPosition(ChangeKind.ToDevice, _alice.UserId));
            Storage.Pushers.Put(unit, new PusherRow(_alice.UserId, "a", $"p{i}", _alice.DeviceId, json, i));
            Storage.Keys.PutDeviceKeys(unit, new DeviceKeysRow(_bob.UserId, $"D{i}", json));
            if (json is not [(byte)'"', (byte)'t', ..])
                Storage.Keys.PutOneTimeKey(unit, new OneTimeKeyRow(_bob.UserId, _bob.DeviceId, "alg", $"p{i}", json), i);
            Storage.Memberships.Put(
                unit, new MembershipRow($"!i{i}:x.test", _alice.UserId, "invite", "@x:x.test", "$x", 0, json, false, null, null),
                unit.NextPosition(ChangeKind.Membership, _alice.UserId));
        }

        Storage.Keys.PutOneTimeKey(unit, new OneTimeKeyRow(_bob.UserId, _bob.DeviceId, "alg", "z", "\"good\""u8.ToArray()), 1000);
        await Storage.CommitAsync(unit);
        (await _bob.PutAsync("v3/sendToDevice/m.good/1", $$$"""{"messages":{"{{{_alice.UserId}}}":{"*":{"n":1} } } }""")).Ok();

        var sync = (await _alice.GetAsync("v3/sync?timeout=0")).Ok();
        Assert.Contains("good", sync["account_data"]!["events"]!.AsArray().Select(e => e!["type"]!.GetValue<string>()));
        Assert.Equal(["m.good"], sync["to_device"]!["events"]!.AsArray().Select(e => e!["type"]!.GetValue<string>()));
        Assert.NotNull(sync["rooms"]!["join"]![_room]);
        (await _alice.GetAsync("v3/initialSync")).Ok();
        (await _alice.GetAsync($"v3/rooms/{Uri.EscapeDataString(_room)}/initialSync")).Ok();
        (await _alice.GetAsync("v3/pushers")).Ok();
        (await _alice.GetAsync("v3/pushrules/")).Ok();
        (await _alice.GetAsync($"v3/user/{_alice.UserId}/rooms/{Uri.EscapeDataString(_room)}/tags")).Ok();
        Assert.Equal(404, (await _alice.GetAsync($"v3/user/{_alice.UserId}/account_data/bad1")).Status);
        var keys = (await _alice.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{_bob.UserId}}}":[]} }""")).Ok();
        Assert.NotNull(keys["device_keys"]![_bob.UserId]![_bob.DeviceId]);
        var claimed = (await _alice.PostAsync("v3/keys/claim", $$$"""{"one_time_keys":{"{{{_bob.UserId}}}":{"{{{_bob.DeviceId}}}":"alg"} } }""")).Ok();
        Assert.Equal("good", claimed["one_time_keys"]![_bob.UserId]![_bob.DeviceId]!["alg:z"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_room_is_shown_but_for_events_that_are_damaged()
    {
        var path = $"v3/rooms/{Uri.EscapeDataString(_room)}";
        var unit = new WriteUnit();
        foreach (var json in s_poison)
        {
            Storage.Events.Redact(unit, await _alice.SendTextAsync(_room, "needle damaged"), json, "$x");
            Storage.Events.Redact(unit, (await _alice.PutAsync($"{path}/state/m.room.topic", """{"topic":"needle"}""")).Ok("event_id"), json, "$x");
        }

        await _alice.SendTextAsync(_room, "needle good");
        await Storage.CommitAsync(unit);
        await _server.RestartAsync();
        var fields = """{"event_fields":["content"],"room":{"timeline":{"contains_url":false,"limit":50}}}""";
        foreach (var filter in new[] { "", "&filter=" + Uri.EscapeDataString(fields) })
        {
            var sync = (await _alice.GetAsync($"v3/sync?timeout=0{filter}")).Ok();
            Assert.Contains("needle good", Bodies(sync["rooms"]!["join"]![_room]!["timeline"]!["events"]!));
        }

        Assert.Contains("needle good", Bodies((await _alice.GetAsync($"{path}/messages?dir=b&limit=50")).Ok()["chunk"]!));
        (await _alice.GetAsync($"{path}/state")).Ok();
        (await _alice.GetAsync($"{path}/initialSync")).Ok();
        (await _alice.PostAsync("v3/search", """{"search_categories":{"room_events":{"search_term":"needle"} } }""")).Ok();
        await _alice.SendTextAsync(_room, "still there");

        static IEnumerable<string?> Bodies(JsonNode events) => events.AsArray().Select(e => (string?)e!["content"]?["body"]);
    }

    /// <summary>As who was there when they were sent, and as who came later, whose sight of each is looked up.</summary>
    [Fact]
    public async Task What_is_around_damaged_events_is_found_and_shown()
    {
        var path = $"v3/rooms/{Uri.EscapeDataString(_room)}";
        var good = await _alice.SendTextAsync(_room, "needle good");
        var unit = new WriteUnit();
        foreach (var json in s_poison)
        {
            // Damaged, not redacted: no event names itself as the redaction.
            Storage.Events.Redact(unit, await _alice.SendTextAsync(_room, "needle damaged"), json, null!);
            Storage.Events.Redact(unit, (await _alice.PutAsync($"{path}/state/m.room.topic", """{"topic":"needle"}""")).Ok("event_id"), json, null!);
            Storage.Events.Redact(unit, (await _alice.PutAsync($"{path}/state/m.space.child/!c:x.test", "{}")).Ok("event_id"), json, null!);
        }

        await Storage.CommitAsync(unit);
        var carol = await _server.RegisterAsync("carol");
        await carol.JoinAsync(_room);
        await _server.RestartAsync();
        foreach (var user in new[] { _alice, carol })
        {
            var found = (await user.PostAsync("v3/search",
                """{"search_categories":{"room_events":{"search_term":"needle","include_state":true,"event_context":{"include_profile":true} } } }""")).Ok();
            var hit = Assert.Single(found["search_categories"]!["room_events"]!["results"]!.AsArray());
            Assert.Equal(good, (string?)hit!["result"]!["event_id"]);
            var context = (await user.GetAsync($"{path}/context/{Uri.EscapeDataString(good)}?limit=50")).Ok();
            Assert.Equal(good, (string?)context["event"]!["event_id"]);
            foreach (var filter in new[] { "", "&filter=" + Uri.EscapeDataString("""{"contains_url":false}""") })
            {
                var page = (await user.GetAsync($"{path}/messages?dir=b&limit=100{filter}")).Ok();
                Assert.Contains(good, page["chunk"]!.AsArray().Select(e => (string?)e!["event_id"]));
            }

            (await user.GetAsync($"v1/room_summary/{Uri.EscapeDataString(_room)}")).Ok();
            var hierarchy = (await user.GetAsync($"v1/rooms/{Uri.EscapeDataString(_room)}/hierarchy")).Ok();
            Assert.Equal(_room, (string?)hierarchy["rooms"]![0]!["room_id"]);
        }
    }

    [Fact]
    public async Task A_transaction_is_judged_event_by_event()
    {
        var zoe = _peer.UserId("zoe");
        var good = _zoesRoom.Say(zoe, "good");
        foreach (var (json, i) in s_poison.Where(IsGrammatical).Select((json, i) => (Encoding.UTF8.GetString(json), i)))
        {
            var content = new JsonObject { ["sender"] = zoe, ["type"] = "m.good", ["message_id"] = $"m{i}" };
            content["messages"] = JsonNode.Parse($$$"""{"{{{_alice.UserId}}}":{"*":{"n":{{{i}}} } } }""");

            // As other servers send it: in canonical form.
            var pdus = $$"""[{"content":{"x":{{json}} },"room_id":"{{_room}}"},{{Encoding.UTF8.GetString(good.Json.Span)}}]""";
            var edus = $$"""[{"content":{"user_id":{{json}} },"edu_type":"m.typing"},{"content":{{content.ToJsonString()}},"edu_type":"m.direct_to_device"}]""";
            var body = $$"""{"edus":{{edus}},"origin":"{{_peer.Name}}","origin_server_ts":1,"pdus":{{pdus}}}""";
            var answer = (await _peer.AskAsync(_server, HttpMethod.Put, $"/_matrix/federation/v1/send/poison{i}", body)).Ok();
            Assert.Empty(answer["pdus"]![good.EventId]!.AsObject());
            var sync = (await _alice.GetAsync("v3/sync?timeout=0")).Ok();
            Assert.Contains(i, sync["to_device"]!["events"]!.AsArray().Select(e => e!["content"]!["n"]!.GetValue<int>()));
        }

        Assert.NotNull(await Storage.Events.GetAsync(good.EventId));
    }

    private static bool IsGrammatical(byte[] json) => json.Length > 4 && json[^1] is (byte)'}' or (byte)']' or (byte)'0';

    private Task DrainAsync() => PeerInbox.AdvanceUntilAsync(
        _server, TimeSpan.FromSeconds(1), () => Storage.Outbox.QueuedAsync(_peer.Name.Value, 0, 1).AsTask().Result.Count == 0
            && Storage.Outbox.UnsentRoomsAsync(_peer.Name.Value, 1).AsTask().Result.Count == 0);

    private void Enqueue(WriteUnit unit, OutboxItem item) =>
        Storage.Outbox.Enqueue(unit, [_peer.Name.Value], item, unit.NextPosition(ChangeKind.ToDevice, _peer.Name.Value));

    private async Task PutEventAsync(WriteUnit unit, string eventId)
    {
        var row = (await Storage.Events.GetAsync(_zoesRoom.Last.EventId))!;
        Storage.Events.AddHistoric(unit, row with { EventId = eventId, Status = EventStatus.Outlier, Order = null, StateBefore = null, Json = s_poison[2] });
    }
}
