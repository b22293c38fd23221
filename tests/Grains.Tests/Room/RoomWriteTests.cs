using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Room;

public class RoomWriteTests
{
    public static TheoryData<string> Versions => [.. Enumerable.Range(1, 12).Select(v => v.ToString())];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_room_of_each_version_can_be_made_joined_written_to_and_redacted_in(string version)
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync(version);
        var joined = await silo.MemberAsync(room, Bob, MembershipAction.Join);
        Assert.True(joined.Ok, joined.Error?.Message);
        var sent = await silo.SendAsync(room, Bob, "hello");
        Assert.True(sent.Ok, sent.Error?.Message);
        Assert.True((await silo.RedactAsync(room, Alice, sent.Value)).Ok);

        var history = await silo.HistoryAsync(room);
        Assert.Equal(["m.room.create", "m.room.member", "m.room.power_levels", "m.room.join_rules", "m.room.history_visibility", "m.room.member",
            "m.room.message", "m.room.redaction"], history.Select(e => e.Type));
        for (var i = 1; i < history.Count; i++)
        {
            Assert.Equal([history[i - 1].EventId], PrevEvents(history[i]));
            Assert.Equal(i + 1, history[i].Depth);
            Assert.Equal(new HistoryOrder(history[i].Position, 0), history[i].Order);
        }

        Assert.Equal("{}", Json(history[6]).GetProperty("content").GetRawText());
        Assert.Equal(history[7].EventId, history[6].RedactedBy);
        if (version == "12")
            Assert.Equal(room[1..], history[0].EventId[1..]);
        else
            Assert.EndsWith(":local", room);
    }

    [Fact]
    public async Task The_state_before_each_event_is_that_of_its_time()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var first = (await silo.SetStateAsync(room, Alice, "m.room.topic", "", """{"topic":"one"}""")).Value;
        var message = (await silo.SendAsync(room, Alice, "x")).Value;
        var second = (await silo.SetStateAsync(room, Alice, "m.room.topic", "", """{"topic":"two"}""")).Value;
        var last = (await silo.SendAsync(room, Alice, "y")).Value;

        var map = new Grains.Room.State.StateMap(new Grains.Room.State.StateNodeCache(silo.Storage.StateNodes));
        Assert.Null(await map.GetAsync((await silo.EventAsync(first)).StateBefore!.Value, "m.room.topic", ""));
        Assert.Equal(first, await map.GetAsync((await silo.EventAsync(message)).StateBefore!.Value, "m.room.topic", ""));
        Assert.Equal(first, await map.GetAsync((await silo.EventAsync(second)).StateBefore!.Value, "m.room.topic", ""));
        Assert.Equal(second, await map.GetAsync((await silo.EventAsync(last)).StateBefore!.Value, "m.room.topic", ""));
        Assert.Equal(second, (await silo.StateAsync(room))[("m.room.topic", "")]);
        Assert.Equal("two", (await silo.Storage.Rooms.GetSummaryAsync(room))!.Topic);
    }

    [Fact]
    public async Task Setting_the_same_state_again_answers_the_same_event()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var first = await silo.SetStateAsync(room, Alice, "m.room.name", "", """{"name":"n","x":{"a":1,"b":2}}""");
        var again = await silo.SetStateAsync(room, Alice, "m.room.name", "", """{"x": {"b":2, "a":1}, "name":"n"}""");
        Assert.Equal(first.Value, again.Value);
        Assert.Equal(6, (await silo.HistoryAsync(room)).Count);
    }

    [Fact]
    public async Task The_same_annotation_is_refused_until_it_is_redacted()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var target = (await silo.SendAsync(room, Alice, "x")).Value;
        var reaction = $$$"""{"m.relates_to":{"rel_type":"m.annotation","event_id":"{{{target}}}","key":"👍"}}""";

        // Both are on their way at once, so that the second finds the first in memory only.
        var both = await Task.WhenAll(
            silo.SendJsonAsync(room, Alice, "m.reaction", reaction, "t1"), silo.SendJsonAsync(room, Alice, "m.reaction", reaction, "t2"));
        Assert.True(both[0].Ok);
        Assert.Equal((ErrCodes.DuplicateAnnotation, 400), (both[1].Error!.ErrCode, both[1].Error!.Status));

        // An activation that does not know the transaction answers it all the same.
        silo.Forget();
        Assert.Equal(both[0].Value, (await silo.SendJsonAsync(room, Alice, "m.reaction", reaction, "t1")).Value);
        Assert.Equal(ErrCodes.DuplicateAnnotation, (await silo.SendJsonAsync(room, Alice, "m.reaction", reaction, "t3")).Error!.ErrCode);
        Assert.True((await silo.SendJsonAsync(room, Alice, "m.reaction", reaction.Replace("👍", "👎", StringComparison.Ordinal))).Ok);

        Assert.True((await silo.RedactAsync(room, Alice, both[0].Value)).Ok);
        Assert.True((await silo.SendJsonAsync(room, Alice, "m.reaction", reaction)).Ok);
    }

    [Fact]
    public async Task A_thread_does_not_start_at_an_event_of_a_thread()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var root = (await silo.SendAsync(room, Alice, "x")).Value;
        var reply = (await silo.SendJsonAsync(room, Alice, "m.room.message", Thread(root))).Value;
        var nested = await silo.SendJsonAsync(room, Alice, "m.room.message", Thread(reply));
        Assert.Equal((ErrCodes.Unknown, 400), (nested.Error!.ErrCode, nested.Error!.Status));

        static string Thread(string root) => $$$"""{"body":"y","m.relates_to":{"rel_type":"m.thread","event_id":"{{{root}}}"}}""";
    }

    [Fact]
    public async Task Who_is_not_in_the_room_may_not_write()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        Assert.Equal(ErrCodes.Forbidden, (await silo.SendAsync(room, Bob, "x")).Error!.ErrCode);
        Assert.Equal(ErrCodes.Forbidden, (await silo.SetStateAsync(room, Bob, "m.room.name", "", "{}")).Error!.ErrCode);
        Assert.Equal(ErrCodes.NotFound, (await silo.SendAsync("!nowhere:local", Bob, "x")).Error!.ErrCode);
        Assert.Equal(5, (await silo.HistoryAsync(room)).Count);
    }

    [Fact]
    public async Task Too_large_or_malformed_content_is_refused()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        Assert.Equal(ErrCodes.TooLarge, (await silo.SendAsync(room, Alice, new string('x', 65_000))).Error!.ErrCode);
        Assert.Equal(ErrCodes.BadJson, (await silo.SetStateAsync(room, Alice, "t", "", """{"float":1.5}""")).Error!.ErrCode);
        Assert.Equal(ErrCodes.BadJson, (await silo.SetStateAsync(room, Alice, "t", "", "[]")).Error!.ErrCode);
        Assert.True((await silo.SendAsync(room, Alice, "still works")).Ok);
    }

    [Fact]
    public async Task A_repeated_transaction_answers_the_first_event_also_after_a_restart()
    {
        using var folder = new TemporaryFolder();
        string room, first;
        await using (var silo = await RoomHarness.StartAsync(folder))
        {
            room = await silo.CreateAsync();
            var both = await Task.WhenAll(silo.SendAsync(room, Alice, "x", "t1"), silo.SendAsync(room, Alice, "x", "t1"));
            first = both[0].Value;
            Assert.Equal(first, both[1].Value);
            Assert.Equal(first, (await silo.SendAsync(room, Alice, "x", "t1")).Value);
            Assert.NotEqual(first, (await silo.SendAsync(room, Alice, "x", "t2")).Value);
        }

        await using var next = await RoomHarness.StartAsync(folder);
        Assert.Equal(first, (await next.SendAsync(room, Alice, "x", "t1")).Value);
        Assert.Equal(7, (await next.HistoryAsync(room)).Count);
        Assert.Equal("t1", (await next.EventAsync(first)).TransactionId);
    }

    [Fact]
    public async Task Concurrent_sends_keep_one_line_of_history()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        var sent = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => silo.SendAsync(room, Alice, $"{i}")));
        var history = await silo.HistoryAsync(room);
        Assert.Equal(sent.Select(s => s.Value), history.Skip(5).Select(e => e.EventId));
        for (var i = 1; i < history.Count; i++)
            Assert.Equal([history[i - 1].EventId], PrevEvents(history[i]));
        Assert.Single(history.Select(e => e.StateBefore).Skip(6).Distinct());
    }

    [Fact]
    public async Task Two_activations_on_one_database_lose_and_fork_nothing()
    {
        using var folder = new TemporaryFolder();
        await using var a = await RoomHarness.StartAsync(folder);
        await using var b = await RoomHarness.StartAsync(folder, a.Clock);
        var room = await a.CreateAsync();
        var ids = new List<string>();
        for (var i = 0; i < 10; i++)
        {
            // Each is stale when its turn comes, since the other one wrote last.
            ids.Add((await a.SendAsync(room, Alice, $"a{i}", $"a{i}")).Value);
            ids.Add((await b.SendAsync(room, Alice, $"b{i}", $"b{i}")).Value);
        }

        var together = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? a : b).SendAsync(room, Alice, $"c{i}", $"c{i}")));
        Assert.All(together, o => Assert.True(o.Ok));
        var history = await a.HistoryAsync(room);
        Assert.Equal(5 + 20 + 20, history.Count);
        Assert.Equal(ids, history.Skip(5).Take(20).Select(e => e.EventId));
        for (var i = 1; i < history.Count; i++)
            Assert.Equal([history[i - 1].EventId], PrevEvents(history[i]));
        Assert.True(a.Stale > 0 && b.Stale > 0);
    }

    [Fact]
    public async Task A_transaction_that_another_activation_ran_is_not_run_again()
    {
        using var folder = new TemporaryFolder();
        await using var a = await RoomHarness.StartAsync(folder);
        await using var b = await RoomHarness.StartAsync(folder, a.Clock);
        var room = await a.CreateAsync();
        var first = await a.SendAsync(room, Alice, "x", "t");
        Assert.Equal(first.Value, (await b.SendAsync(room, Alice, "x", "t")).Value);
        Assert.Equal(6, (await a.HistoryAsync(room)).Count);
    }

    [Fact]
    public async Task Messages_write_no_state_nodes()
    {
        await using var silo = await RoomHarness.StartAsync();
        var room = await silo.CreateAsync();
        await silo.SendAsync(room, Alice, "one");
        var before = (await silo.Storage.Rooms.GetAsync(room))!.State;
        await silo.SendAsync(room, Alice, "two");
        Assert.Equal(before, (await silo.Storage.Rooms.GetAsync(room))!.State);
    }
}
