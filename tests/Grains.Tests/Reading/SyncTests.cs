using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.Reading;

public sealed class SyncTests
{
    private const string A = "@a:x", B = "@b:x", C = "@c:x";

    [Fact]
    public async Task An_initial_sync_tells_the_newest_events_and_the_state_before_them()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        for (var i = 0; i < 3; i++)
            await room.SendAsync(A, $"m{i}");
        var sync = await server.SyncAsync(A, filter: """{"room":{"timeline":{"limit":2}}}""");
        var joined = sync.Joined(room.Id);
        Assert.Equal(["m1", "m2"], joined.Events("timeline").Bodies());
        Assert.True(joined!.Value.At("timeline", "limited")!.Value.GetBoolean());
        Assert.Equal(["m.room.create|", "m.room.join_rules|", "m.room.member|@a:x", "m.room.power_levels|"], joined.Events("state").Keys());
    }

    [Fact]
    public async Task An_incremental_sync_tells_what_is_new_once()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var first = await server.SyncAsync(A);
        Assert.Equal(4, first.Joined(room.Id).Events("timeline").Count);
        Assert.False(first.Joined(room.Id)!.Value.At("timeline", "limited")!.Value.GetBoolean());
        await room.SendAsync(A, "hello", txn: "t1");
        var second = await server.SyncAsync(A, first.Next());
        var events = second.Joined(room.Id).Events("timeline");
        Assert.Equal(["hello"], events.Bodies());
        Assert.Equal("t1", events[0].At("unsigned", "transaction_id")!.Value.GetString());
        Assert.Equal("join", events[0].At("unsigned", "membership")!.Value.GetString());
        Assert.Null(events[0].At("room_id"));
        Assert.Empty(second.Joined(room.Id).Events("state"));
        Assert.Null((await server.SyncAsync(A, second.Next())).Joined(room.Id));
        Assert.Null((await server.SyncAsync(A, first.Next(), device: "OTHER")).Joined(room.Id).Events("timeline")[0].At("unsigned", "transaction_id"));
    }

    [Fact]
    public async Task A_gap_comes_with_the_state_that_changed_in_it()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var since = (await server.SyncAsync(A)).Next();
        await room.SetAsync(A, "m.room.topic", "", """{"topic":"t1"}""");
        await room.SetAsync(A, "m.room.topic", "", """{"topic":"t2"}""");
        for (var i = 0; i < 12; i++)
            await room.SendAsync(A, $"m{i}");
        var joined = (await server.SyncAsync(A, since)).Joined(room.Id);
        Assert.True(joined!.Value.At("timeline", "limited")!.Value.GetBoolean());
        Assert.Equal(["m.room.topic|"], joined.Events("state").Keys());
        Assert.Equal("t2", joined.Events("state")[0].At("content", "topic")!.Value.GetString());
        Assert.Equal(10, joined.Events("timeline").Count);
    }

    [Fact]
    public async Task State_after_holds_the_changes_of_the_timeline_too()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var since = (await server.SyncAsync(A)).Next();
        await room.SetAsync(A, "m.room.topic", "", """{"topic":"t1"}""");
        var joined = (await server.SyncAsync(A, since, stateAfter: true)).Joined(room.Id);
        Assert.Equal(["m.room.topic|"], joined.Events("state_after").Keys());
        Assert.Null(joined!.Value.At("state"));
        Assert.Equal(5, (await server.SyncAsync(A, stateAfter: true)).Joined(room.Id).Events("state_after").Count);
    }

    [Fact]
    public async Task A_long_poll_ends_with_the_event_and_not_before()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var other = await TestRoom.CreateAsync(server, B, "!other:x");
        var since = (await server.SyncAsync(A)).Next();
        var poll = server.SyncAsync(A, since, timeout: 30_000);
        await other.SendAsync(B, "not for a");
        Assert.False(poll.IsCompleted);
        await room.SendAsync(A, "for a");
        Assert.Equal(["for a"], (await poll).Joined(room.Id).Events("timeline").Bodies());
    }

    [Fact]
    public async Task A_long_poll_ends_empty_at_its_timeout()
    {
        await using var server = await ReadServer.StartAsync();
        await TestRoom.CreateAsync(server, A);
        var since = (await server.SyncAsync(A)).Next();
        var poll = server.SyncAsync(A, since, timeout: 30_000);
        while (!poll.IsCompleted)
        {
            server.Clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        Assert.False((await poll).GetProperty("rooms").TryGetProperty("join", out _));
    }

    [Fact]
    public async Task A_room_joined_since_comes_with_its_state()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.SendAsync(A, "before");
        var since = (await server.SyncAsync(B)).Next();
        await room.JoinAsync(B);
        await room.SendAsync(A, "after");
        var joined = (await server.SyncAsync(B, since, filter: """{"room":{"timeline":{"limit":2}}}""")).Joined(room.Id);
        Assert.Equal(["m.room.member", "after"], joined.Events("timeline").Bodies());
        Assert.True(joined!.Value.At("timeline", "limited")!.Value.GetBoolean());
        Assert.Equal(["m.room.create|", "m.room.join_rules|", "m.room.member|@a:x", "m.room.power_levels|"], joined.Events("state").Keys());
        Assert.Equal(2, joined!.Value.At("summary", "m.joined_member_count")!.Value.GetInt32());
        Assert.Equal(A, joined!.Value.At("summary", "m.heroes")!.Value[0].GetString());
    }

    [Fact]
    public async Task A_room_joined_since_comes_with_the_receipts_and_tags_of_before()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var read = await room.SendAsync(A, "before");
        await server.Receipts(A).SetAsync(new Abstractions.User.ReceiptToSet(RoomId.Parse(room.Id), "m.read", EventId.Parse(read), null));
        await server.AccountData(B).SetTagAsync(room.Id, "u.x", "{}"u8.ToArray());
        var since = (await server.SyncAsync(B)).Next();
        await room.JoinAsync(B);
        var joined = (await server.SyncAsync(B, since)).Joined(room.Id);
        Assert.NotNull(joined.Events("ephemeral").Single().At("content", read, "m.read", A));
        Assert.Equal("m.tag", joined.Events("account_data").Single().GetProperty("type").GetString());
    }

    [Fact]
    public async Task History_from_before_the_join_is_hidden_where_the_room_says_so()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.SetAsync(A, "m.room.history_visibility", "", """{"history_visibility":"joined"}""");
        await room.SendAsync(A, "secret");
        await room.JoinAsync(B);
        await room.SendAsync(A, "open");
        var timeline = (await server.SyncAsync(B)).Joined(room.Id).Events("timeline");
        Assert.DoesNotContain("secret", timeline.Bodies());
        Assert.Equal("open", timeline.Bodies()[^1]);
    }

    [Fact]
    public async Task Messages_of_ignored_users_are_left_out_and_their_state_is_not()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        await server.AccountData(A).SetAsync("", "m.ignored_user_list", """{"ignored_users":{"@b:x":{}}}"""u8.ToArray());
        var since = (await server.SyncAsync(A)).Next();
        await room.SendAsync(B, "spam");
        await room.SetAsync(B, "m.room.topic", "", """{"topic":"t"}""");
        Assert.Equal(["m.room.topic"], (await server.SyncAsync(A, since)).Joined(room.Id).Events("timeline").Bodies());
    }

    [Fact]
    public async Task Lazy_loading_sends_the_senders_once_for_as_long_as_the_client_has_them()
    {
        const string Lazy = """{"room":{"state":{"lazy_load_members":true},"timeline":{"limit":1}}}""";
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.SetAsync(A, "m.room.name", "", """{"name":"n"}""");
        await room.JoinAsync(B);
        await room.JoinAsync(C);
        await room.SendAsync(B, "m1");
        var first = await server.SyncAsync(A, filter: Lazy);
        Assert.Equal(["m.room.member|@a:x", "m.room.member|@b:x"], Members(first));
        await room.SendAsync(C, "m2");
        var second = await server.SyncAsync(A, first.Next(), Lazy);
        Assert.Equal(["m.room.member|@c:x"], Members(second));
        await room.SendAsync(C, "m3");
        Assert.Empty(Members(await server.SyncAsync(A, second.Next(), Lazy)));
        // The answer with C's membership was lost: the client presents the older token again.
        Assert.Equal(["m.room.member|@c:x"], Members(await server.SyncAsync(A, first.Next(), Lazy)));

        List<string> Members(JsonElement sync) =>
            [.. sync.Joined(room.Id).Events("state").Keys().Where(k => k.StartsWith("m.room.member", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task State_that_only_state_resolution_brought_is_told()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var since = (await server.SyncAsync(A)).Next();
        await room.MergeAsync(A, "merged", "m.room.name", "", """{"name":"from the other branch"}""");
        var sync = await server.SyncAsync(A, since);
        Assert.Equal(["merged"], sync.Joined(room.Id).Events("timeline").Bodies());
        Assert.Equal(["m.room.name|"], sync.Joined(room.Id).Events("state").Keys());
        await room.SendAsync(A, "straight on");
        Assert.Empty((await server.SyncAsync(A, sync.Next())).Joined(room.Id).Events("state"));
    }

    [Fact]
    public async Task Redacted_events_are_served_redacted_with_the_reason()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var secret = await room.SendAsync(A, "secret");
        await room.RedactAsync(A, secret);
        var row = (await server.SyncAsync(A)).Joined(room.Id).Events("timeline").Single(e => e.GetProperty("event_id").GetString() == secret);
        Assert.Equal("{}", row.GetProperty("content").GetRawText());
        Assert.Equal("m.room.redaction", row.At("unsigned", "redacted_because", "type")!.Value.GetString());
    }

    [Fact]
    public async Task State_events_carry_what_they_replaced()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var old = await room.SetAsync(A, "m.room.topic", "", """{"topic":"old"}""");
        var since = (await server.SyncAsync(A)).Next();
        await room.SetAsync(A, "m.room.topic", "", """{"topic":"new"}""");
        var topic = (await server.SyncAsync(A, since)).Joined(room.Id).Events("timeline")[0];
        Assert.Equal("old", topic.At("unsigned", "prev_content", "topic")!.Value.GetString());
        Assert.Equal(old, topic.At("unsigned", "replaces_state")!.Value.GetString());
    }

    [Fact]
    public async Task Account_data_is_told_when_it_changes()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var since = (await server.SyncAsync(A)).Next();
        await server.AccountData(A).SetAsync("", "my.type", """{"a":1}"""u8.ToArray());
        await server.AccountData(A).SetTagAsync(room.Id, "u.x", "{}"u8.ToArray());
        var sync = await server.SyncAsync(A, since);
        Assert.Equal("my.type", sync.GetProperty("account_data").GetProperty("events")[0].GetProperty("type").GetString());
        Assert.Equal("m.tag", sync.Joined(room.Id).Events("account_data")[0].GetProperty("type").GetString());
    }

    [Fact]
    public async Task Receipts_go_forward_only_and_private_ones_to_their_user_only()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        var e1 = await room.SendAsync(A, "m1");
        var e2 = await room.SendAsync(A, "m2");
        var since = (await server.SyncAsync(A)).Next();
        await server.Receipts(B).SetAsync(new Abstractions.User.ReceiptToSet(RoomId.Parse(room.Id), "m.read", EventId.Parse(e2), null));
        await server.Receipts(B).SetAsync(new Abstractions.User.ReceiptToSet(RoomId.Parse(room.Id), "m.read", EventId.Parse(e1), null));
        await server.Receipts(B).SetAsync(new Abstractions.User.ReceiptToSet(RoomId.Parse(room.Id), "m.read.private", EventId.Parse(e2), null));
        var ofA = (await server.SyncAsync(A, since)).Joined(room.Id).Events("ephemeral");
        Assert.NotNull(ofA.Single().At("content", e2, "m.read", B));
        Assert.Null(ofA.Single().At("content", e2, "m.read.private"));
        Assert.NotNull((await server.SyncAsync(B)).Joined(room.Id).Events("ephemeral").Single().At("content", e2, "m.read.private", B));
    }

    [Fact]
    public async Task A_receipt_is_of_the_thread_that_its_event_is_in()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var root = await room.SendAsync(A, "root");
        var reply = await room.SendJsonAsync(A, "m.room.message", Relating("m.thread", root));
        var reaction = await room.SendJsonAsync(A, "m.reaction", Relating("m.annotation", reply));
        var other = await room.SendAsync(A, "other");
        foreach (var (eventId, thread) in new[] { (root, "main"), (root, root), (reply, root), (reaction, root), (other, "main"), ("$unknown", root) })
            Assert.True((await SetAsync(eventId, thread)).Ok, $"{eventId} in {thread}");
        foreach (var (eventId, thread) in new[] { (reply, "main"), (reaction, "main"), (reply, other), (other, root) })
            Assert.Equal(("M_INVALID_PARAM", 400), await SetAsync(eventId, thread) is { Error: { } error } ? (error.ErrCode, error.Status) : default);

        ValueTask<Protocol.Errors.Outcome<Abstractions.Nothing>> SetAsync(string eventId, string thread) =>
            server.Receipts(A).SetAsync(new Abstractions.User.ReceiptToSet(RoomId.Parse(room.Id), "m.read", EventId.Parse(eventId), thread));
        static string Relating(string relType, string eventId) =>
            $$$"""{"body":"x","m.relates_to":{"event_id":"{{{eventId}}}","key":"k","rel_type":"{{{relType}}}"}}""";
    }

    [Fact]
    public async Task A_token_from_before_this_silo_started_is_answered_from_storage()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var since = (await server.SyncAsync(A)).Next();
        await room.SendAsync(A, "m1");
        var hub = new Grains.User.Changes.ChangeHub(server.Storage.Feed);
        await using var signals = new Grains.User.Changes.NeighbourSignals(
            hub, server.Users.Sharing, NullLogger<Grains.User.Changes.NeighbourSignals>.Instance);
        using var state = new Grains.User.UserState(
            server.Users with { Hub = hub, Signals = signals }, A);
        var request = new Abstractions.User.SyncRequest(
            new Abstractions.Requester(Protocol.Identifiers.UserId.Parse(A), "D"), since, null, false, "offline", 0, false);
        var outcome = await Grains.User.Sync.SyncRun.RunAsync(state, request, CancellationToken.None);
        using var json = JsonDocument.Parse(outcome.Value);
        Assert.Equal(["m1"], json.RootElement.Joined(room.Id).Events("timeline").Bodies());
    }

    [Fact]
    public async Task What_another_silo_acknowledged_before_a_sync_began_is_told()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        var since = (await server.SyncAsync(A)).Next();
        var feed = new LaggingFeed(server.Storage.Feed);
        var hub = new Grains.User.Changes.ChangeHub(feed);
        await using var signals = new Grains.User.Changes.NeighbourSignals(
            hub, server.Users.Sharing, NullLogger<Grains.User.Changes.NeighbourSignals>.Instance);
        using var state = new Grains.User.UserState(
            server.Users with { Hub = hub, Signals = signals }, A);
        await room.SendAsync(A, "m1");
        var request = new Abstractions.User.SyncRequest(
            new Abstractions.Requester(Protocol.Identifiers.UserId.Parse(A), "D"), since, null, false, "offline", 0, false);
        var outcome = await Grains.User.Sync.SyncRun.RunAsync(state, request, CancellationToken.None);
        using var json = JsonDocument.Parse(outcome.Value);
        Assert.Equal(["m1"], json.RootElement.Joined(room.Id).Events("timeline").Bodies());
    }

    [Fact]
    public async Task State_set_while_the_user_was_away_is_told_although_the_history_is_hidden()
    {
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        await room.SetAsync(A, "m.room.history_visibility", "", """{"history_visibility":"joined"}""");
        var since = (await server.SyncAsync(B)).Next();
        await room.LeaveAsync(B);
        await room.JoinAsync(C);
        await room.SendAsync(C, "hidden");
        await room.JoinAsync(B);
        var joined = (await server.SyncAsync(B, since)).Joined(room.Id);
        Assert.Contains("m.room.member|@c:x", joined.Events("timeline").Concat(joined.Events("state")).Keys());
        Assert.DoesNotContain("hidden", joined.Events("timeline").Bodies());
    }

    [Fact]
    public async Task Unread_notifications_are_counted_by_thread_and_cleared_by_receipts()
    {
        const string Threads = """{"room":{"timeline":{"unread_thread_notifications":true}}}""";
        await using var server = await ReadServer.StartAsync();
        var room = await TestRoom.CreateAsync(server, A);
        await room.JoinAsync(B);
        var root = await room.SendAsync(B, "root");
        var since = (await server.SyncAsync(A)).Next();
        var reply = await room.SendJsonAsync(B, "m.room.message",
            $$$"""{"body":"reply","m.mentions":{"user_ids":["@a:x"]},"m.relates_to":{"event_id":"{{{root}}}","rel_type":"m.thread"},"msgtype":"m.text"}""");
        var sync = await server.SyncAsync(A, since, Threads);
        Assert.Equal((1, 0), Counts(sync.Joined(room.Id)!.Value.GetProperty("unread_notifications")));
        Assert.Equal((1, 1), Counts(sync.Joined(room.Id)!.Value.At("unread_thread_notifications", root)!.Value));
        Assert.Equal((2, 1), Counts((await server.SyncAsync(A, since)).Joined(room.Id)!.Value.GetProperty("unread_notifications")));
        await server.Receipts(A).SetAsync(new Abstractions.User.ReceiptToSet(RoomId.Parse(room.Id), "m.read.private", EventId.Parse(reply), root));
        sync = await server.SyncAsync(A, sync.Next(), Threads);
        Assert.Equal((1, 0), Counts(sync.Joined(room.Id)!.Value.GetProperty("unread_notifications")));
        Assert.Null(sync.Joined(room.Id)!.Value.At("unread_thread_notifications"));
        await room.SendAsync(A, "mine");
        Assert.Equal((0, 0), Counts((await server.SyncAsync(A, sync.Next())).Joined(room.Id)!.Value.GetProperty("unread_notifications")));
        Assert.Equal((0, 0), Counts((await server.SyncAsync(A)).Joined(room.Id)!.Value.GetProperty("unread_notifications")));

        static (int, int) Counts(JsonElement json) => (json.GetProperty("notification_count").GetInt32(), json.GetProperty("highlight_count").GetInt32());
    }

    /// <summary>A feed that learns of changes when it is asked to catch up, and not before.</summary>
    private sealed class LaggingFeed : IChangeFeed
    {
        private readonly IChangeFeed _inner;
        private readonly List<Change> _held = [];
        private Action<ReadOnlyMemory<Change>> _listener = static _ => { };

        public LaggingFeed(IChangeFeed inner)
        {
            _inner = inner;
            Current = inner.Subscribe(changes => _held.AddRange(changes.Span));
        }

        public long Current { get; private set; }

        public long Subscribe(Action<ReadOnlyMemory<Change>> listener, Action<long>? lost = null)
        {
            _listener = listener;
            return Current;
        }

        public ValueTask WaitForAsync(long position, CancellationToken cancellationToken) => _inner.WaitForAsync(position, cancellationToken);

        public ValueTask CatchUpAsync(CancellationToken cancellationToken)
        {
            Current = _inner.Current;
            _listener(_held.ToArray());
            _held.Clear();
            return ValueTask.CompletedTask;
        }
    }
}
