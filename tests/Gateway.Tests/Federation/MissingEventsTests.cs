using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Another server sends events with gaps before them, honestly or not.</summary>
public sealed class MissingEventsTests(FederatingServer server) : IClassFixture<FederatingServer>, IAsyncLifetime
{
    private const string GetMissing = "POST /_matrix/federation/v1/get_missing_events/";
    private Peer _peer = null!;
    private TestClient _anna = null!;
    private PeerRoom _room = null!;

    private string Zoe => _peer.UserId("zoe");

    public async ValueTask InitializeAsync()
    {
        _peer = await Peer.StartAsync();
        _anna = await server.RegisterAsync("anna");
        _room = await _peer.JoinAsync(server, await _anna.CreateRoomAsync("""{"preset":"public_chat"}"""), "zoe");
    }

    public ValueTask DisposeAsync() => _peer.DisposeAsync();

    [Fact]
    public async Task A_small_gap_is_filled_by_asking_for_the_events_between()
    {
        Pdu[] said = [.. Enumerable.Range(0, 6).Select(i => _room.Say(Zoe, $"text {i}"))];
        _peer.On(GetMissing, _ => new JsonObject { ["events"] = PeerRoom.Array(said[..5]) });
        AssertAccepted(await _peer.SendAsync(server, said[5]), said[5]);
        Assert.Equal(said.Select(p => p.EventId), (await HistoryAsync(100)).TakeLast(6));
        Assert.DoesNotContain(_peer.Asked, line => line.Contains("state", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(100)]
    public async Task A_wide_gap_is_bridged_by_the_state_and_paged_over_by_backfill(int limit)
    {
        var before = await HistoryAsync(limit);
        Pdu[] said = [.. Enumerable.Range(0, 12)
            .Select(i => i == 4 ? _room.Add(Zoe, EventTypes.Member, Zoe, """{"membership":"join","displayname":"Z"}""") : _room.Say(Zoe, $"text {i}"))];
        _room.ServeState();
        _peer.On(GetMissing, _ => new JsonObject { ["events"] = PeerRoom.Array(said[9..11]) });
        AssertAccepted(await _peer.SendAsync(server, said[11]), said[11]);

        // The client is told that something lies between, and finds it by paging.
        var sync = (await _anna.GetAsync("v3/sync")).Ok()["rooms"]!["join"]![_room.RoomId]!["timeline"]!;
        Assert.True(sync["limited"]!.GetValue<bool>());
        Assert.Equal("9 10 11", string.Join(' ', sync["events"]!.AsArray().Select(e => Array.FindIndex(said, p => p.EventId == Id(e)))));
        _peer.On("GET /_matrix/federation/v1/backfill/", request => new JsonObject { ["pdus"] = Backfill(said, request.EventIds) });
        Assert.Equal([.. before, .. said.Select(p => p.EventId)], await HistoryAsync(limit));
        Assert.Equal([.. before, .. said.Select(p => p.EventId)], await HistoryAsync(limit));
    }

    /// <summary>Some servers answer 500 for what they do not have.</summary>
    [Theory]
    [InlineData(404)]
    [InlineData(500)]
    public async Task A_wide_gap_is_bridged_though_the_event_at_its_edge_lacks_auth_events_whose_chain_is_not_told(int status)
    {
        _peer.On("GET /_matrix/federation/v1/event_auth/", _ => new Answer(status, """{"errcode":"M_UNKNOWN","error":"?"}"""));
        var users = new JsonObject { [_anna.UserId] = 100, [Zoe] = 100 };
        var creation = new JsonObject
        {
            ["preset"] = "public_chat",
            ["room_version"] = "11",
            ["power_level_content_override"] = new JsonObject { ["users"] = users },
        };
        _room = await _peer.JoinAsync(server, await _anna.CreateRoomAsync(creation.ToJsonString()), "zoe");
        string Levels(int invite) => new JsonObject { ["users"] = users.DeepClone(), ["invite"] = invite }.ToJsonString();
        _room.Add(Zoe, EventTypes.PowerLevels, "", Levels(1));
        _room.Add(Zoe, EventTypes.PowerLevels, "", Levels(2));
        _room.Add(Zoe, EventTypes.Member, Zoe, """{"membership":"join","displayname":"Z"}""");
        _room.Add(Zoe, EventTypes.PowerLevels, "", Levels(3));
        Pdu[] said = [.. Enumerable.Range(0, 3).Select(i => _room.Say(Zoe, $"text {i}"))];
        _room.ServeState();
        _peer.On(GetMissing, _ => new JsonObject { ["events"] = PeerRoom.Array(said[..2]) });
        AssertAccepted(await _peer.SendAsync(server, said[2]), said[2]);
        Assert.Contains(_peer.Asked, line => line.Contains("/event_auth/", StringComparison.Ordinal));
        Assert.Equal(said.Select(p => p.EventId), (await HistoryAsync(100)).TakeLast(3));
        Assert.Equal(3, (await _anna.GetAsync($"v3/rooms/{_room.Path}/state/m.room.power_levels")).Ok()["invite"]!.GetValue<int>());
    }

    [Fact]
    public async Task Of_an_event_that_lacks_only_auth_events_those_are_asked_for_and_nothing_else()
    {
        var first = _room.Last;
        var renamed = _room.Build(Zoe, EventTypes.Member, Zoe, """{"membership":"join","displayname":"Z"}""", [first.EventId]);
        var last = _room.Build(Zoe, "m.room.message", null, """{"body":"last"}""", [first.EventId],
            [.. first.AuthEvents.Where(id => _room.Events[id].Type is EventTypes.Create or EventTypes.PowerLevels), renamed.EventId]);
        _peer.On("GET /_matrix/federation/v1/event_auth/", _ => new JsonObject { ["auth_chain"] = PeerRoom.Array([renamed]) });
        var asked = _peer.Asked.Count;
        AssertAccepted(await _peer.SendAsync(server, last), last);
        Assert.Equal(last.EventId, (await HistoryAsync(100))[^1]);
        Assert.Equal(1, _peer.Asked.Skip(asked).Count(line => !line.Contains("/send/", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(500)]
    public async Task A_gap_that_a_server_fills_late_is_closed_then(int status)
    {
        Pdu[] said = [.. Enumerable.Range(0, 3).Select(i => _room.Say(Zoe, $"text {i}"))];
        _peer.On(GetMissing, _ => new Answer(status, """{"errcode":"M_UNKNOWN","error":"not yet"}"""));
        AssertAccepted(await _peer.SendAsync(server, said[2]), said[2]);
        var before = (await _anna.GetAsync("v3/sync")).Ok();
        Assert.DoesNotContain(before["rooms"]!["join"]![_room.RoomId]!["timeline"]!["events"]!.AsArray(), e => Id(e) == said[2].EventId);
        _peer.On(GetMissing, _ => new JsonObject { ["events"] = PeerRoom.Array(said[..2]) });
        var seen = new List<string>();
        for (var (since, i) = (before["next_batch"]!.GetValue<string>(), 0); i < 10 && !seen.Contains(said[2].EventId); i++)
        {
            var sync = (await _anna.GetAsync($"v3/sync?timeout=10000&since={since}")).Ok();
            seen.AddRange(sync["rooms"]?["join"]?[_room.RoomId]?["timeline"]!["events"]!.AsArray().Select(Id) ?? []);
            since = sync["next_batch"]!.GetValue<string>();
        }

        Assert.Equal(said.Select(p => p.EventId), seen);
    }

    [Fact]
    public async Task Paging_passes_over_a_gap_that_nobody_can_fill()
    {
        var before = await HistoryAsync(100);
        Pdu[] said = [.. Enumerable.Range(0, 3).Select(i => _room.Say(Zoe, $"text {i}"))];
        _room.ServeState();
        AssertAccepted(await _peer.SendAsync(server, said[2]), said[2]);
        var asked = _peer.Asked.Count;
        Assert.Equal([.. before, said[2].EventId], await HistoryAsync(2));
        Assert.Equal([.. before, said[2].EventId], await HistoryAsync(100));
        var forward = (await _anna.GetAsync($"v3/rooms/{_room.Path}/messages?dir=f&limit=100")).Ok()["chunk"]!.AsArray();
        Assert.Equal([.. before, said[2].EventId], forward.Select(Id));

        // For a time nobody is asked again.
        Assert.Equal(1, _peer.Asked.Skip(asked).Count(line => line.Contains("/backfill/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_event_of_a_gap_that_comes_later_is_shown_and_forks_nothing()
    {
        Pdu[] said = [.. Enumerable.Range(0, 3).Select(i => _room.Say(Zoe, $"text {i}"))];
        _room.ServeState();
        AssertAccepted(await _peer.SendAsync(server, said[2]), said[2]);
        AssertAccepted(await _peer.SendAsync(server, said[0], said[1]), said[0], said[1]);
        var own = await _anna.SendTextAsync(_room.RoomId, "on top");
        var event_ = (await _peer.AskAsync(server, HttpMethod.Get, $"/_matrix/federation/v1/event/{Uri.EscapeDataString(own)}")).Ok()["pdus"]![0]!;
        Assert.Equal([said[2].EventId], PeerRoom.Strings(event_["prev_events"]!));
        Assert.Equal([said[2].EventId, said[0].EventId, said[1].EventId, own], (await HistoryAsync(100)).TakeLast(4));
    }

    [Fact]
    public async Task A_gap_that_is_never_filled_costs_few_requests_and_does_no_harm()
    {
        var lost = _room.Build(Zoe, "m.room.message", null, """{"body":"lost"}""", ["$" + new string('x', 43)]);
        Pdu[] orphans = [.. Enumerable.Range(0, 40).Select(i => _room.Build(Zoe, "m.room.message", null, $$"""{"body":"{{i}}"}""", [lost.EventId]))];
        var asked = _peer.Asked.Count;
        var verdicts = await _peer.SendAsync(server, orphans);
        Assert.All(orphans, p => Assert.Null(verdicts[p.EventId]!["error"]));
        Assert.InRange(_peer.Asked.Count - asked, 1, 20);
        var fine = _room.Say(Zoe, "fine");
        AssertAccepted(await _peer.SendAsync(server, fine), fine);
        Assert.Equal(fine.EventId, (await HistoryAsync(100))[^1]);
    }

    [Fact]
    public async Task What_is_forged_foreign_or_unrelated_in_a_gap_is_left_out()
    {
        var other = await _peer.JoinAsync(server, await _anna.CreateRoomAsync("""{"preset":"public_chat"}"""), "zoe");
        var foreign = other.Say(Zoe, "foreign");
        var forged = _room.Build(Zoe, "m.room.message", null, """{"body":"forged"}""", [_room.Last.EventId], key: SigningKey.FromSeed("peer", new byte[32]));
        var impersonated = _room.Build(_anna.UserId, "m.room.message", null, """{"body":"in her name"}""", [_room.Last.EventId]);
        var last = _room.Build(Zoe, "m.room.message", null, """{"body":"last"}""", [forged.EventId, foreign.EventId, impersonated.EventId]);
        _room.ServeState();
        _peer.On(GetMissing, _ => new JsonObject { ["events"] = PeerRoom.Array([foreign, forged, impersonated]) });
        _peer.On("GET /_matrix/federation/v1/backfill/", _ => new JsonObject { ["pdus"] = PeerRoom.Array([foreign, forged, impersonated, last, last]) });
        AssertAccepted(await _peer.SendAsync(server, last), last);
        var history = await HistoryAsync(100);
        Assert.Equal(last.EventId, history[^1]);
        Assert.DoesNotContain(history, id => id == forged.EventId || id == foreign.EventId || id == impersonated.EventId);
    }

    [Fact]
    public async Task Claimed_depths_change_nothing_about_the_order()
    {
        var deep = _room.Apply(_room.Build(Zoe, "m.room.message", null, """{"body":"deep"}""", [_room.Last.EventId], depth: (1L << 53) - 1));
        var shallow = _room.Apply(_room.Build(Zoe, "m.room.message", null, """{"body":"shallow"}""", [deep.EventId], depth: 0));
        var last = _room.Say(Zoe, "last");
        _peer.On(GetMissing, _ => new JsonObject { ["events"] = PeerRoom.Array([deep, shallow]) });
        await _peer.SendAsync(server, last);
        Pdu[] late = [.. Enumerable.Range(0, 3).Select(i => _room.Build(Zoe, "m.room.message", null, $$"""{"body":"{{i}}"}""", [last.EventId], depth: i))];
        AssertAccepted(await _peer.SendAsync(server, late), late);
        var own = await _anna.SendTextAsync(_room.RoomId, "still possible");
        Assert.Equal(own, (await HistoryAsync(2))[^1]);
    }

    [Fact]
    public async Task Events_that_follow_each_other_in_a_circle_are_never_placed()
    {
        // Only in room versions 1 and 2 can an event name one that names it.
        _room = await _peer.JoinAsync(server, await _anna.CreateRoomAsync("""{"preset":"public_chat","room_version":"1"}"""), "zoe");
        var (a, b) = ($"$a:{_peer.Name}", $"$b:{_peer.Name}");
        var first = _room.Build(Zoe, "m.room.message", null, """{"body":"a"}""", [b], eventId: a);
        var second = _room.Build(Zoe, "m.room.message", null, """{"body":"b"}""", [a], eventId: b);
        var last = _room.Build(Zoe, "m.room.message", null, """{"body":"last"}""", [a], eventId: $"$c:{_peer.Name}");
        _room.ServeState();
        _peer.On(GetMissing, _ => new JsonObject { ["events"] = PeerRoom.Array([first, second]) });
        _peer.On("GET /_matrix/federation/v1/backfill/", _ => new JsonObject { ["pdus"] = PeerRoom.Array([first, second]) });
        await _peer.SendAsync(server, last);
        Assert.True((await HistoryAsync(100)).Count > 5);
        Assert.NotNull(await _anna.SendTextAsync(_room.RoomId, "still possible"));
    }

    [Fact]
    public async Task Events_with_thousands_of_references_are_refused_unread()
    {
        var good = _room.Build(Zoe, "m.room.message", null, "{}", [_room.Last.EventId]);
        foreach (var list in new[] { "prev_events", "auth_events" })
        {
            var bad = PeerRoom.Node(good);
            bad[list] = PeerRoom.Array(Enumerable.Range(0, 1000).Select(i => "$" + i.ToString("x43", System.Globalization.CultureInfo.InvariantCulture)));
            var body = new JsonObject { ["pdus"] = new JsonArray(bad) };
            var asked = _peer.Questions;
            (await _peer.AskAsync(server, HttpMethod.Put, $"/_matrix/federation/v1/send/{list}", body.ToJsonString())).Ok();
            Assert.Equal(asked, _peer.Questions);
        }
    }

    [Fact]
    public async Task An_endless_auth_chain_is_given_up()
    {
        // Each event names auth events that nobody has; the answer is long and worthless.
        string Unknown(int i) => "$" + i.ToString("x43", System.Globalization.CultureInfo.InvariantCulture);
        Pdu[] chain = [.. Enumerable.Range(0, 1500)
            .Select(i => _room.Build(
            Zoe, EventTypes.Member, Zoe, $$"""{"membership":"join","n":{{i}}}""", [_room.Last.EventId], [Unknown(i), Unknown(i + 1)], depth: 1500 - i))];
        var last = _room.Build(Zoe, "m.room.message", null, """{"body":"last"}""", [_room.Last.EventId], [chain[0].EventId]);
        _peer.On("GET /_matrix/federation/v1/event_auth/", _ => new JsonObject { ["auth_chain"] = PeerRoom.Array(chain) });
        var asked = _peer.Asked.Count;
        var verdicts = await _peer.SendAsync(server, last);
        Assert.Null(verdicts[last.EventId]!["error"]);
        Assert.InRange(_peer.Asked.Count - asked, 1, 5);
        Assert.DoesNotContain(last.EventId, await HistoryAsync(100));
    }

    [Fact]
    public async Task Auth_events_that_come_in_the_wrong_order_are_taken_all_the_same()
    {
        // Ten joins, each allowed by the one before; their depths claim the opposite order.
        var auth = _room.State.Where(s => s.Key.Type is not EventTypes.Member).Select(s => s.Value.EventId).Where(id => _room.Last.AuthEvents.Contains(id))
            .ToArray();
        var chain = new List<Pdu>();
        for (var i = 0; i < 5; i++)
        {
            string[] previous = [chain.Count == 0 ? _room.Last.EventId : chain[^1].EventId];
            chain.Add(_room.Build(Zoe, EventTypes.Member, Zoe, $$"""{"membership":"join","n":{{i}}}""", previous, [.. auth, .. previous], depth: 100 - i));
        }

        var last = _room.Build(Zoe, "m.room.message", null, """{"body":"last"}""", [chain[^1].EventId],
            [.. auth.Where(id => _room.Events[id].Type != EventTypes.JoinRules), chain[^1].EventId]);
        _room.State[new("m.room.member", Zoe)] = chain[^1];
        chain.ForEach(p => _room.Events[p.EventId] = p);
        _room.ServeState();
        _peer.On("GET /_matrix/federation/v1/event_auth/", _ => new JsonObject { ["auth_chain"] = PeerRoom.Array(chain) });
        AssertAccepted(await _peer.SendAsync(server, last), last);
    }

    [Fact]
    public async Task A_state_of_lies_lets_nothing_in()
    {
        var ban = _room.Build(Zoe, EventTypes.Member, _anna.UserId, """{"membership":"ban"}""", [_room.Last.EventId]);
        var last = _room.Build(Zoe, "m.room.message", null, """{"body":"last"}""", [ban.EventId]);
        _peer.On("GET /_matrix/federation/v1/state_ids/", _ =>
            new JsonObject { ["pdu_ids"] = PeerRoom.Array([ban.EventId, "$nonsense", ""]), ["auth_chain_ids"] = new JsonArray(1, null) });
        _peer.On("GET /_matrix/federation/v1/event/", _ => new JsonObject { ["pdus"] = PeerRoom.Array([ban]) });
        await _peer.SendAsync(server, last);
        Assert.DoesNotContain(last.EventId, await HistoryAsync(100));
        Assert.NotNull(await _anna.SendTextAsync(_room.RoomId, "still here"));
    }

    private static void AssertAccepted(JsonObject verdicts, params Pdu[] pdus) =>
        Assert.All(pdus, p => Assert.Equal("{}", verdicts[p.EventId]?.ToJsonString()));

    private static string Id(JsonNode? e) => e!["event_id"]!.GetValue<string>();

    // As an honest server: from the given events on back, newest first.
    private static JsonArray Backfill(Pdu[] said, IReadOnlyList<string> from)
    {
        var at = Array.FindLastIndex(said, p => from.Contains(p.EventId));
        return PeerRoom.Array(said[..(at + 1)].Reverse().Take(3));
    }

    /// <summary>All that the client gets by paging back, oldest first.</summary>
    private async Task<List<string>> HistoryAsync(int limit)
    {
        var ids = new List<string>();
        string? from = null;
        for (var page = 0; page < 50; page++)
        {
            var answer = (await _anna.GetAsync($"v3/rooms/{_room.Path}/messages?dir=b&limit={limit}{(from is null ? "" : "&from=" + from)}")).Ok();
            ids.AddRange(answer["chunk"]!.AsArray().Select(Id));
            if (answer["end"]?.GetValue<string>() is not { } end || end == from)
                break;
            from = end;
        }

        ids.Reverse();
        return ids;
    }
}
