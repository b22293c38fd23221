using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class EventStoreTests(Backend backend) : StoreTests(backend)
{
    [Fact]
    public async Task Reads_back_all_that_was_appended()
    {
        var state = new StateNodeId(new UInt128(ulong.MaxValue, 7));
        var row = Event("$a") with
        {
            StateKey = "",
            StateBefore = state,
            DeviceId = "DEVICE",
            TransactionId = "txn",
            RelatesTo = "$parent",
            RelType = "m.thread",
            Depth = long.MaxValue,
            AuthGeneration = 7,
        };
        var position = await AppendAsync(row);

        var stored = await Storage.Events.GetAsync("$a");

        Assert.NotNull(stored);
        Assert.Equal(row with { Position = position, Order = new HistoryOrder(position, 0), Json = default }, stored with { Json = default });
        Assert.Equal(Text(row.Json), Text(stored.Json));
        Assert.Null(await Storage.Events.GetAsync("$b"));
    }

    [Fact]
    public async Task State_events_are_found_from_a_generation_on()
    {
        await AppendAsync(Event("$old") with { StateKey = "", AuthGeneration = 3 }, Event("$new") with { StateKey = "", AuthGeneration = 4 });
        await AppendAsync(Event("$unknown") with { StateKey = "a" }, Event("$message"));
        await CommitAsync(unit => Storage.Events.AddHistoric(unit, Event("$aside", status: EventStatus.Outlier) with { StateKey = "b", AuthGeneration = 9 }));

        var found = await Storage.Events.StateEventsFromAsync(Room, 4, 10);

        Assert.Equal(["$aside", "$new", "$unknown"], found.Select(e => e.EventId).Order(StringComparer.Ordinal));
        Assert.Single(await Storage.Events.StateEventsFromAsync(Room, 4, 1));
    }

    [Fact]
    public async Task Positions_count_up_over_units_and_slots()
    {
        var first = await AppendAsync(Event("$a"), Event("$b"));
        var second = await AppendAsync(Event("$c"));

        Assert.Equal(1, first);
        Assert.Equal(3, second);
        Assert.Equal(2, (await Storage.Events.GetAsync("$b"))!.Position);
    }

    [Fact]
    public async Task An_event_is_appended_once()
    {
        await AppendAsync(Event("$a"));

        await Assert.ThrowsAsync<ConflictException>(() => AppendAsync(Event("$a")));

        Assert.Equal(1, (await Storage.Events.GetAsync("$a"))!.Position);
        Assert.Equal(2, await AppendAsync(Event("$b")));
    }

    [Fact]
    public async Task An_outlier_takes_its_place_when_it_arrives_live()
    {
        await CommitAsync(unit => Storage.Events.AddHistoric(unit, Event("$a", status: EventStatus.Outlier)));
        Assert.Null((await Storage.Events.GetAsync("$a"))!.Order);

        var position = await AppendAsync(Event("$a"));

        var stored = await Storage.Events.GetAsync("$a");
        Assert.Equal(EventStatus.None, stored!.Status);
        Assert.Equal(new HistoryOrder(position, 0), stored.Order);
    }

    [Fact]
    public async Task An_outlier_found_in_a_gap_takes_its_place_and_stays_redacted()
    {
        await CommitAsync(unit =>
        {
            Storage.Events.AddHistoric(unit, Event("$a", status: EventStatus.Outlier));
            Storage.Events.Redact(unit, "$a", Json("{}"), "$redaction");
        });

        await CommitAsync(unit => Storage.Events.AddHistoric(unit, Event("$a") with { Order = new HistoryOrder(5, -1) }));

        var stored = await Storage.Events.GetAsync("$a");
        Assert.Equal(new HistoryOrder(5, -1), stored!.Order);
        Assert.Equal(0, stored.Position);
        Assert.Equal("$redaction", stored.RedactedBy);
        Assert.Equal("{}", Text(stored.Json));
    }

    [Fact]
    public async Task Adding_history_leaves_a_placed_or_rejected_event_alone()
    {
        var position = await AppendAsync(Event("$live"));
        await CommitAsync(unit => Storage.Events.AddHistoric(unit, Event("$rejected", status: EventStatus.Rejected)));

        await CommitAsync(unit =>
        {
            Storage.Events.AddHistoric(unit, Event("$live", status: EventStatus.Outlier));
            Storage.Events.AddHistoric(unit, Event("$rejected") with { Order = new HistoryOrder(9, -1) });
        });

        Assert.Equal(position, (await Storage.Events.GetAsync("$live"))!.Position);
        Assert.Equal(EventStatus.Rejected, (await Storage.Events.GetAsync("$rejected"))!.Status);
    }

    [Fact]
    public async Task Gives_those_that_exist_of_many()
    {
        await AppendAsync(Event("$a"), Event("$b"));
        await CommitAsync(unit => Storage.Events.AddHistoric(unit, Event("$c", status: EventStatus.Rejected)));

        var found = await Storage.Events.GetManyAsync(["$a", "$c", "$none", "$a"]);

        Assert.Equal(["$a", "$c"], found.Select(row => row.EventId).Order());
        Assert.Equal(["$b", "$c"], (await Storage.Events.ExistingAsync(["$b", "$c", "$none"])).Order());
        Assert.Empty(await Storage.Events.GetManyAsync([]));
        Assert.Equal(2, (await Storage.Events.ExistingAsync([.. Enumerable.Range(0, 2500).Select(i => $"$n{i}"), "$a", "$b"])).Count);
    }

    [Fact]
    public async Task A_range_is_exclusive_below_inclusive_above_and_in_history_order()
    {
        await AppendAsync(Event("$1"), Event("$2"), Event("$3"), Event("$4", status: EventStatus.SoftFailed), Event("$5"));
        await AppendAsync(Event("$elsewhere", OtherRoom));
        await CommitAsync(unit =>
        {
            Storage.Events.AddHistoric(unit, Event("$3-1") with { Order = new HistoryOrder(3, -1) });
            Storage.Events.AddHistoric(unit, Event("$3-2") with { Order = new HistoryOrder(3, -2) });
        });

        Assert.Equal(["$1", "$2", "$3-2", "$3-1", "$3", "$5"], await RangeAsync(HistoryOrder.Start, HistoryOrder.End, Direction.Forward));
        Assert.Equal(["$5", "$3", "$3-1", "$3-2", "$2", "$1"], await RangeAsync(HistoryOrder.Start, HistoryOrder.End, Direction.Backward));
        Assert.Equal(["$3-1", "$3"], await RangeAsync(new HistoryOrder(3, -2), new HistoryOrder(3, 0), Direction.Forward));
        Assert.Equal(["$3-1", "$3-2", "$2"], await RangeAsync(new HistoryOrder(1, 0), new HistoryOrder(3, -1), Direction.Backward));
        Assert.Equal(["$5", "$3"], await RangeAsync(HistoryOrder.Start, HistoryOrder.End, Direction.Backward, 2));
        Assert.Equal(["$1"], await RangeAsync(HistoryOrder.Start, HistoryOrder.End, Direction.Forward, 1));
    }

    [Fact]
    public async Task The_latest_events_of_many_rooms_are_limited_room_by_room()
    {
        await AppendAsync(Event("$a1"), Event("$b1", OtherRoom), Event("$a2"), Event("$a3"), Event("$b2", OtherRoom, status: EventStatus.SoftFailed),
            Event("$a4"));
        await CommitAsync(unit => Storage.Events.AddHistoric(unit, Event("$gap") with { Order = new HistoryOrder(4, -1) }));

        var latest = await Storage.Events.LatestLiveAsync([Room, OtherRoom, "!none:one.test"], 1, 5, 2);

        Assert.Equal(["$a3", "$a2"], latest[Room].Select(row => row.EventId));
        Assert.Equal(["$b1"], latest[OtherRoom].Select(row => row.EventId));
        Assert.Equal(2, latest.Count);
    }

    [Fact]
    public async Task Relations_are_filtered_and_paged()
    {
        var child = (string id, string relType, string type) => Event(id) with { RelatesTo = "$parent", RelType = relType, Type = type };
        await AppendAsync(
            Event("$parent"), child("$1", "m.thread", "m.room.message"), child("$2", "m.annotation", "m.reaction"), child("$3", "m.thread", "m.sticker"),
            child("$elsewhere", "m.thread", "m.room.message") with { RoomId = OtherRoom }, child("$4", "m.thread", "m.room.message"));

        Assert.Equal(["$4", "$3", "$2", "$1"], await RelationsAsync(null, null, Direction.Backward));
        Assert.Equal(["$1", "$3", "$4"], await RelationsAsync("m.thread", null, Direction.Forward));
        Assert.Equal(["$1", "$4"], await RelationsAsync("m.thread", "m.room.message", Direction.Forward));
        Assert.Equal(["$2"], await RelationsAsync(null, "m.reaction", Direction.Forward));
        Assert.Equal(["$4"], await RelationsAsync(null, null, Direction.Backward, 1));
    }

    [Fact]
    public async Task Annotations_of_an_event_are_found_by_their_sender_and_type()
    {
        var child = (string id, string relType, string sender, string type) =>
            Event(id) with { RelatesTo = "$parent", RelType = relType, Sender = sender, Type = type };
        await AppendAsync(
            Event("$parent"), child("$1", "m.annotation", "@a:x", "m.reaction"), child("$2", "m.annotation", "@b:x", "m.reaction"),
            child("$3", "m.annotation", "@a:x", "m.other"), child("$4", "m.reference", "@a:x", "m.reaction"),
            child("$gone", "m.annotation", "@a:x", "m.reaction"), child("$5", "m.annotation", "@a:x", "m.reaction"));
        await CommitAsync(unit => Storage.Events.Redact(unit, "$gone", Json("{}"), "$r"));

        Assert.Equal(["$5", "$1"], (await Storage.Events.AnnotationsAsync(Room, "$parent", "m.reaction", "@a:x", 10)).Select(row => row.EventId));
        Assert.Equal(["$5"], (await Storage.Events.AnnotationsAsync(Room, "$parent", "m.reaction", "@a:x", 1)).Select(row => row.EventId));
        Assert.Empty(await Storage.Events.AnnotationsAsync(OtherRoom, "$parent", "m.reaction", "@a:x", 10));
    }

    [Fact]
    public async Task Depth_and_timestamp_find_accepted_events()
    {
        await AppendAsync(
            Event("$1", depth: 1, timestamp: 100), Event("$2", depth: 2, timestamp: 300), Event("$3", depth: 3, timestamp: 200),
            Event("$soft", depth: 3, timestamp: 201, status: EventStatus.SoftFailed));
        await CommitAsync(unit => Storage.Events.AddHistoric(unit, Event("$outlier", depth: 2, timestamp: 250, status: EventStatus.Outlier)));

        Assert.Equal("$3", (await Storage.Events.ByTimestampAsync(Room, 101, Direction.Forward))!.EventId);
        Assert.Equal("$3", (await Storage.Events.ByTimestampAsync(Room, 299, Direction.Backward))!.EventId);
        Assert.Equal("$2", (await Storage.Events.ByTimestampAsync(Room, 300, Direction.Backward))!.EventId);
        Assert.Null(await Storage.Events.ByTimestampAsync(Room, 301, Direction.Forward));
        Assert.Null(await Storage.Events.ByTimestampAsync(Room, 99, Direction.Backward));
    }

    [Fact]
    public async Task Redaction_replaces_the_json()
    {
        await AppendAsync(Event("$a"));

        await CommitAsync(unit =>
        {
            Storage.Events.Redact(unit, "$a", Json("""{"redacted":true}"""), "$r");
            Storage.Events.Redact(unit, "$missing", Json("{}"), "$r");
        });

        var stored = await Storage.Events.GetAsync("$a");
        Assert.Equal("""{"redacted":true}""", Text(stored!.Json));
        Assert.Equal("$r", stored.RedactedBy);
    }

    [Fact]
    public async Task Pending_redactions_are_found_by_target()
    {
        await CommitAsync(unit =>
        {
            Storage.Events.AddPendingRedaction(unit, "$target", "$r1", Room);
            Storage.Events.AddPendingRedaction(unit, "$target", "$r2", Room);
            Storage.Events.AddPendingRedaction(unit, "$target", "$r1", Room);
            Storage.Events.AddPendingRedaction(unit, new string('x', 60_000), "$r3", Room);
        });

        Assert.Equal(["$r1", "$r2"], await Storage.Events.PendingRedactionsAsync("$target"));
        Assert.Equal(["$r3"], await Storage.Events.PendingRedactionsAsync(new string('x', 60_000)));
        Assert.Empty(await Storage.Events.PendingRedactionsAsync("$other"));
        Assert.Equal([new string('x', 60_000), "$target"], (await Storage.Events.AwaitedAsync(["$other", "$target", new string('x', 60_000)]))
            .OrderDescending(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Backward_extremities_stand_before_the_oldest_event_that_follows_them()
    {
        var result = await CommitAsync(unit =>
        {
            var slot = unit.NextPosition(ChangeKind.RoomEvent, Room);
            Storage.Events.AppendLive(unit, Event("$live"), slot);
            Storage.Events.AddBackwardExtremities(unit, Room, ["$a", "$b", "$a"], slot);
        });
        var live = result.FirstPosition;
        await CommitAsync(unit =>
        {
            Storage.Events.AddBackwardExtremities(unit, Room, ["$b", "$c"], live + 5);
            Storage.Events.AddBackwardExtremities(unit, Room, ["$d"], live + 9);
        });

        Assert.Equal(["$a", "$b"], await Storage.Events.BackwardExtremitiesAsync(Room, live, 10));
        Assert.Equal(["$a"], await Storage.Events.BackwardExtremitiesAsync(Room, live, 1));
        Assert.Equal(["$c"], await Storage.Events.BackwardExtremitiesAsync(Room, live + 5, 10));
        Assert.Equal(live + 9, await Storage.Events.FindGapAsync(Room, HistoryOrder.Start, HistoryOrder.End, Direction.Backward));
        Assert.Equal(live, await Storage.Events.FindGapAsync(Room, HistoryOrder.Start, HistoryOrder.End, Direction.Forward));
        Assert.Equal(live + 5, await Storage.Events.FindGapAsync(Room, HistoryOrder.Start, new HistoryOrder(live + 5, -3), Direction.Backward));
        Assert.Null(await Storage.Events.FindGapAsync(Room, new HistoryOrder(live + 5, -1), new HistoryOrder(live + 8, 0), Direction.Backward));
        Assert.Equal(["$b", "$d"], (await Storage.Events.MissingAsync(Room, ["$d", "$b", "$x"])).Order());
        Assert.Empty(await Storage.Events.MissingAsync("!other:x", ["$b"]));
        var behind = await Storage.Events.BehindGapsAsync(Room, ["$a", "$b", "$d", "$x"]);
        Assert.Equal([("$a", "$live"), ("$b", "$live")], behind.Select(e => (e.Key, e.Value.EventId)).Order());

        await CommitAsync(unit => Storage.Events.RemoveBackwardExtremities(unit, Room, ["$c", "$b"]));
        Assert.Empty(await Storage.Events.MissingAsync(Room, ["$b"]));
        Assert.Null(await Storage.Events.FindGapAsync(Room, new HistoryOrder(live, 0), new HistoryOrder(live + 8, 0), Direction.Forward));
    }

    [Fact]
    public async Task An_event_fetched_by_itself_can_take_another_place()
    {
        await AppendAsync(Event("$a"));
        await CommitAsync(unit =>
        {
            Storage.Events.AddHistoric(unit, Event("$x") with { Order = new HistoryOrder(1, -1) });
            Storage.Events.AddDetached(unit, Room, "$x");
            Storage.Events.AddDetached(unit, Room, "$x");
            Storage.Events.AddDetached(unit, OtherRoom, "$y");
        });
        Assert.Equal(["$x"], await Storage.Events.DetachedAsync(Room));

        await CommitAsync(unit =>
        {
            Storage.Events.Displace(unit, "$x");
            Storage.Events.RemoveDetached(unit, Room, "$x");
            Storage.Events.AppendLive(unit, Event("$x"), unit.NextPosition(ChangeKind.RoomEvent, Room));
        });
        Assert.Empty(await Storage.Events.DetachedAsync(Room));
        Assert.Equal(["$a", "$x"], await RangeAsync(HistoryOrder.Start, HistoryOrder.End, Direction.Forward));
        Assert.Equal(EventStatus.None, (await Storage.Events.GetAsync("$x"))!.Status);
    }

    [Fact]
    public async Task A_transaction_id_serves_once_and_takes_its_event_with_it()
    {
        await CommitAsync(unit => Storage.Events.AddTransaction(unit, Alice, "D", Room, "t", "$a", 10));

        await Assert.ThrowsAsync<ConflictException>(() => CommitAsync(unit =>
        {
            Storage.Events.AppendLive(unit, Event("$b"), unit.NextPosition(ChangeKind.RoomEvent, Room));
            Storage.Events.AddTransaction(unit, Alice, "D", Room, "t", "$b", 20);
        }));

        Assert.Null(await Storage.Events.GetAsync("$b"));
        Assert.Equal("$a", await Storage.Events.FindTransactionAsync(Alice, "D", Room, "t"));
        Assert.Null(await Storage.Events.FindTransactionAsync(Alice, "OTHER", Room, "t"));
        await CommitAsync(unit => Storage.Events.AddTransaction(unit, Alice, "D", OtherRoom, "t", "$c", 20));
        Assert.Equal("$c", await Storage.Events.FindTransactionAsync(Alice, "D", OtherRoom, "t"));
    }

    [Fact]
    public async Task Old_transactions_are_forgotten()
    {
        await CommitAsync(unit =>
        {
            for (var i = 0; i < 6000; i++) Storage.Events.AddTransaction(unit, Alice, "D", Room, $"old{i}", "$a", i % 100);
            Storage.Events.AddTransaction(unit, Alice, "D", Room, "new", "$b", 100);
        });

        await Storage.Events.PruneTransactionsAsync(100);

        Assert.Null(await Storage.Events.FindTransactionAsync(Alice, "D", Room, "old0"));
        Assert.Null(await Storage.Events.FindTransactionAsync(Alice, "D", Room, "old5999"));
        Assert.Equal("$b", await Storage.Events.FindTransactionAsync(Alice, "D", Room, "new"));
    }

    [Fact]
    public async Task Text_of_any_length_and_content_is_no_fault()
    {
        var wide = new string('\u4e2d', 30_000) + "\0\uFDD0\uD800";
        await AppendAsync(Event("$a") with { Type = "t\0", StateKey = wide, RelatesTo = wide, RelType = "r" });
        await CommitAsync(unit => Storage.Events.AddTransaction(unit, Alice, "D", wide, wide, "$a", 10));

        var stored = await Storage.Events.GetAsync("$a");

        Assert.Equal("t\0", stored!.Type);
        Assert.Equal(wide[..^1] + "\uFFFD", stored.StateKey);
        Assert.Null(stored.RelatesTo);
        Assert.Equal("$a", await Storage.Events.FindTransactionAsync(Alice, "D", wide, wide));
        Assert.Null(await Storage.Events.GetAsync(wide));
        Assert.Empty(await Storage.Events.GetManyAsync([wide, "\0"]));
    }

    private async Task<IEnumerable<string>> RangeAsync(HistoryOrder after, HistoryOrder upTo, Direction direction, int limit = 100) =>
        (await Storage.Events.RangeAsync(Room, after, upTo, direction, limit)).Select(row => row.EventId);

    private async Task<IEnumerable<string>> RelationsAsync(string? relType, string? type, Direction direction, int limit = 100) =>
        (await Storage.Events.RelationsAsync(Room, "$parent", relType, type, HistoryOrder.Start, HistoryOrder.End, direction, limit))
            .Select(row => row.EventId);
}

public sealed class SqliteEventStoreTests() : EventStoreTests(new SqliteBackend());

public sealed class PostgresEventStoreTests(PostgresCluster cluster) : EventStoreTests(new PostgresBackend(cluster));
