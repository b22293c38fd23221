using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.Reading;

public sealed class RoomReaderTests
{
    private const string A = "@a:x", B = "@b:x", C = "@c:x";

    [Fact]
    public async Task Pages_of_messages_meet_without_gap_or_repetition_in_both_directions()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        for (var i = 0; i < 10; i++)
            await room.SendAsync(A, $"m{i}");
        var back = await PageAllAsync(server, room, backward: true);
        var forth = await PageAllAsync(server, room, backward: false);
        Assert.Equal(14, back.Count);
        back.Reverse();
        Assert.Equal(back, forth);
    }

    [Fact]
    public async Task Messages_go_on_where_a_sync_began()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        for (var i = 0; i < 5; i++)
            await room.SendAsync(A, $"m{i}");
        var sync = await server.SyncAsync(A, filter: """{"room":{"timeline":{"limit":2}}}""");
        var messages = await MessagesAsync(server, room, A, sync.Joined(room.Id)!.Value.At("timeline", "prev_batch")!.Value.GetString(), limit: 2);
        Assert.Equal(["m2", "m1"], messages.GetProperty("chunk").EnumerateArray().Bodies());
    }

    [Fact]
    public async Task Who_left_reads_up_to_the_leaving_and_the_state_of_that_time()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        await room.SetAsync(A, "m.room.topic", "", """{"topic":"before"}""");
        await room.LeaveAsync(B);
        await room.SetAsync(A, "m.room.topic", "", """{"topic":"after"}""");
        await room.SendAsync(A, "after");
        Assert.DoesNotContain("after", (await MessagesAsync(server, room, B)).GetProperty("chunk").EnumerateArray().Bodies());
        var reader = (await RoomReader.OpenAsync(server.Read, room.Id, new Requester(UserId.Parse(B), "D"))).Value;
        Assert.Contains("before", Text(await StateRead.StateEventAsync(reader, "m.room.topic", "", wholeEvent: false)));
        Assert.Contains("leave", Text(await StateRead.StateEventAsync(reader, "m.room.member", B, wholeEvent: false)));
        var joined = await StateRead.JoinedMembersAsync(reader);
        Assert.Equal("M_FORBIDDEN", joined.Error!.ErrCode);
    }

    [Fact]
    public async Task Who_was_never_in_a_room_reads_it_only_if_it_is_world_readable()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var hidden = await room.SendAsync(A, "hidden");
        Assert.Equal("M_FORBIDDEN", (await RoomReader.OpenAsync(server.Read, room.Id, new Requester(UserId.Parse(B), "D"))).Error!.ErrCode);
        Assert.Equal("M_FORBIDDEN", (await RoomReader.OpenAsync(server.Read, "!none:x", new Requester(UserId.Parse(B), "D"))).Error!.ErrCode);
        await room.SetAsync(A, "m.room.history_visibility", "", """{"history_visibility":"world_readable"}""");
        var open = await room.SendAsync(A, "open");
        var reader = (await RoomReader.OpenAsync(server.Read, room.Id, new Requester(UserId.Parse(B), "D"))).Value;
        Assert.Null(await reader.FindVisibleAsync(hidden));
        Assert.NotNull(await reader.FindVisibleAsync(open));
        Assert.DoesNotContain("hidden", (await MessagesAsync(server, room, B)).GetProperty("chunk").EnumerateArray().Bodies());
    }

    [Fact]
    public async Task Invited_visibility_shows_what_came_since_the_invite()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.SetAsync(A, "m.room.history_visibility", "", """{"history_visibility":"invited"}""");
        await room.SendAsync(A, "before");
        await room.MemberAsync(A, B, "invite");
        await room.SendAsync(A, "between");
        await room.JoinAsync(B);
        var seen = (await MessagesAsync(server, room, B)).GetProperty("chunk").EnumerateArray().Bodies();
        Assert.Contains("between", seen);
        Assert.DoesNotContain("before", seen);
    }

    [Fact]
    public async Task Context_shows_both_sides_and_the_state()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var ids = new List<string>();
        for (var i = 0; i < 7; i++)
            ids.Add(await room.SendAsync(A, $"m{i}"));
        var reader = (await RoomReader.OpenAsync(server.Read, room.Id, new Requester(UserId.Parse(A), "D"))).Value;
        var context = Parse(await MessagesRead.ContextAsync(reader, NoFill.Paging(reader), ids[3], 4, null));
        Assert.Equal(["m2", "m1"], context.GetProperty("events_before").EnumerateArray().Bodies());
        Assert.Equal(["m4", "m5"], context.GetProperty("events_after").EnumerateArray().Bodies());
        Assert.Equal(4, context.GetProperty("state").GetArrayLength());
        var earlier = await MessagesAsync(server, room, A, context.GetProperty("start").GetString(), limit: 1);
        Assert.Equal(["m0"], earlier.GetProperty("chunk").EnumerateArray().Bodies());
    }

    [Fact]
    public async Task Edits_and_threads_are_bundled_and_threads_listed_by_their_newest_event()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        var first = await room.SendAsync(A, "first");
        var second = await room.SendAsync(B, "second");
        await ReplyAsync(A, first, "r1");
        await ReplyAsync(B, second, "r2");
        var last = await ReplyAsync(B, first, "r3");
        await room.SendJsonAsync(B, "m.room.message",
            $$$"""{"body":"*","m.new_content":{"body":"edited"},"m.relates_to":{"event_id":"{{{last}}}","rel_type":"m.replace"},"msgtype":"m.text"}""");
        var reader = (await RoomReader.OpenAsync(server.Read, room.Id, new Requester(UserId.Parse(A), "D"))).Value;
        var threads = Parse(await ThreadsRead.ReadAsync(reader, null, 10, null)).GetProperty("chunk").EnumerateArray().ToList();
        Assert.Equal(["first", "second"], threads.Bodies());
        var thread = threads[0].At("unsigned", "m.relations", "m.thread")!.Value;
        Assert.Equal(2, thread.GetProperty("count").GetInt32());
        Assert.True(thread.GetProperty("current_user_participated").GetBoolean());
        Assert.Equal("edited", thread.At("latest_event", "unsigned", "m.relations", "m.replace", "content", "m.new_content", "body")!.Value.GetString());
        Assert.Equal(["first"], Parse(await ThreadsRead.ReadAsync(reader, "participated", 10, null)).GetProperty("chunk").EnumerateArray().Bodies());
        var children = Parse(
            await RelationsRead.RelationsAsync(
            reader, new RelationsRequest(new Requester(UserId.Parse(A), "D"), EventId.Parse(first), "m.thread", null, null, null, true, 1, false)));
        Assert.Equal(["r3"], children.GetProperty("chunk").EnumerateArray().Bodies());
        var next = children.GetProperty("next_batch").GetString();
        children = Parse(await RelationsRead.RelationsAsync(
            reader, new RelationsRequest(new Requester(UserId.Parse(A), "D"), EventId.Parse(first), "m.thread", null, next, null, true, 5, false)));
        Assert.Equal(["r1"], children.GetProperty("chunk").EnumerateArray().Bodies());
        var all = Parse(await RelationsRead.RelationsAsync(
            reader, new RelationsRequest(new Requester(UserId.Parse(A), "D"), EventId.Parse(first), null, null, null, null, false, 9, true)));
        Assert.Equal(["r1", "r3", "*"], all.GetProperty("chunk").EnumerateArray().Bodies());

        Task<string> ReplyAsync(string user, string root, string body) => room.SendJsonAsync(
            user, "m.room.message", $$$"""{"body":"{{{body}}}","m.relates_to":{"event_id":"{{{root}}}","rel_type":"m.thread"},"msgtype":"m.text"}""");
    }

    [Theory]
    [InlineData("joined", false)]
    [InlineData("invited", false)]
    [InlineData("shared", true)]
    public async Task Members_of_a_time_that_the_user_may_not_see_are_refused(string visibility, bool allowed)
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.SetAsync(A, "m.room.history_visibility", "", $$"""{"history_visibility":"{{visibility}}"}""");
        await room.JoinAsync(C);
        var before = (await server.SyncAsync(A)).Next();
        await room.LeaveAsync(C);
        await room.JoinAsync(B);
        var joined = (await server.SyncAsync(B)).Next();
        await room.LeaveAsync(B);

        var reader = (await RoomReader.OpenAsync(server.Read, room.Id, new Requester(UserId.Parse(B), "D"))).Value;
        var then = await StateRead.MembersAsync(reader, before, null, null);
        Assert.Equal(allowed ? null : "M_FORBIDDEN", then.Error?.ErrCode);
        Assert.Contains(B, Text(await StateRead.MembersAsync(reader, joined, null, null)));
        Assert.Contains(B, Text(await StateRead.MembersAsync(reader, null, null, null)));
    }

    [Fact]
    public async Task Members_are_those_of_the_token_and_of_the_membership()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        var at = (await server.SyncAsync(A)).Next();
        await room.JoinAsync(C);
        await room.LeaveAsync(B);
        var reader = (await RoomReader.OpenAsync(server.Read, room.Id, new Requester(UserId.Parse(A), "D"))).Value;
        Assert.Equal(["m.room.member|@a:x", "m.room.member|@b:x"], Parse(await StateRead.MembersAsync(reader, at, null, null)).GetProperty("chunk")
            .EnumerateArray().Keys());
        Assert.Equal(["m.room.member|@b:x"], Parse(await StateRead.MembersAsync(reader, null, "leave", null)).GetProperty("chunk").EnumerateArray().Keys());
        Assert.Equal(["m.room.member|@a:x", "m.room.member|@c:x"], Parse(await StateRead.MembersAsync(reader, null, null, "leave")).GetProperty("chunk")
            .EnumerateArray().Keys());
    }

    [Theory]
    [InlineData("x12")]
    [InlineData("t")]
    [InlineData("s-1")]
    [InlineData("t1_-1")]
    [InlineData("t1_")]
    [InlineData("s1_x")]
    public void A_malformed_token_is_an_error(string token) => Assert.Equal("M_INVALID_PARAM", HistoryToken.Parse(token).Error!.ErrCode);

    private static async Task<List<string>> PageAllAsync(ReadServer server, TestRoom room, bool backward)
    {
        var ids = new List<string>();
        string? from = null;
        do
        {
            var page = await MessagesAsync(server, room, A, from, 3, backward);
            ids.AddRange(page.GetProperty("chunk").EnumerateArray().Select(e => e.GetProperty("event_id").GetString()!));
            from = page.GetProperty("chunk").GetArrayLength() == 0 ? null : page.At("end")?.GetString();
        }
        while (from is not null);
        return ids;
    }

    [Fact]
    public async Task A_page_of_large_events_ends_early_and_the_next_goes_on()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        List<string> ids = [];
        for (var i = 0; i < 80; i++)
            ids.Add(await room.SendAsync(A, new string('x', 60_000)));
        ids.Reverse();

        var page = await MessagesAsync(server, room, A, limit: 80);
        var first = page.GetProperty("chunk").EnumerateArray().Select(e => e.GetProperty("event_id").GetString()!).ToList();
        Assert.InRange(first.Count, 40, 75);
        page = await MessagesAsync(server, room, A, page.GetProperty("end").GetString(), limit: 80);
        Assert.Equal(ids, first.Concat(page.GetProperty("chunk").EnumerateArray().Select(e => e.GetProperty("event_id").GetString()!)).Take(80));
    }

    [Fact]
    public async Task A_page_for_which_there_is_no_memory_has_one_event_and_the_next_page_goes_on()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var ids = new List<string> { await room.SendAsync(A, "m1"), await room.SendAsync(A, "m2") };
        var requester = new Requester(UserId.Parse(A), "D");
        using var other = server.Read.Answers.Open(A);
        Assert.True(await other.TryGrowAsync(long.MaxValue / 2, CancellationToken.None));
        using var memory = server.Read.Answers.Open(A);
        var reader = (await RoomReader.OpenAsync(server.Read, room.Id, requester, memory: memory)).Value;

        var page = await reader.PageAsync(HistoryOrder.Start, reader.Visibility.Bound, Direction.Backward, 10, EventFilter.None);
        Assert.Equal([ids[1]], page.Rows.Select(row => row.EventId));
        Assert.True(page.More);
        page = await reader.PageAsync(HistoryOrder.Start, page.Cursor, Direction.Backward, 10, EventFilter.None);
        Assert.Equal([ids[0]], page.Rows.Select(row => row.EventId));
        Assert.False(await reader.TryHoldAsync(1));
    }

    private static async Task<JsonElement> MessagesAsync(
        ReadServer server, TestRoom room, string userId, string? from = null, int limit = 50, bool backward = true)
    {
        var requester = new Requester(UserId.Parse(userId), "D");
        var reader = (await RoomReader.OpenAsync(server.Read, room.Id, requester)).Value;
        return Parse(await MessagesRead.MessagesAsync(reader, NoFill.Paging(reader), new MessagesRequest(requester, from, null, backward, limit, null)));
    }

    private static JsonElement Parse(Outcome<ReadOnlyMemory<byte>> outcome)
    {
        Assert.Null(outcome.Error);
        using var document = JsonDocument.Parse(outcome.Value);
        return document.RootElement.Clone();
    }

    private static string Text(Outcome<ReadOnlyMemory<byte>> outcome) => Parse(outcome).GetRawText();
}
