using OrleansMatrix.Protocol.Searching;
using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class SearchStoreTests(Backend backend) : StoreTests(backend)
{
    [Fact]
    public async Task What_has_all_words_or_their_beginnings_is_found_the_newest_first()
    {
        await AddAsync("$1", Room, "red green blue");
        await AddAsync("$2", Room, "red greenish");
        await AddAsync("$3", OtherRoom, "red green");
        await AddAsync("$4", Room, "reddish green");

        Assert.Equal(["$3", "$2", "$1"], await FindAsync([Whole("red")], Room, OtherRoom));
        Assert.Equal(["$4", "$2", "$1"], await FindAsync([Begins("red")], Room));
        Assert.Equal(["$2", "$1"], await FindAsync([Whole("red"), Begins("green")], Room));
        Assert.Equal(["$1"], await FindAsync([Whole("red"), Whole("green")], Room));
        Assert.Empty(await FindAsync([Whole("re")], Room, OtherRoom));
        Assert.Empty(await FindAsync([Whole("red")]));
    }

    [Fact]
    public async Task Words_of_any_script_are_found()
    {
        string[] words = ["日本", "本語", "語", "🎉🎂", "ελλασ", "हिन्दी", "العربية", "한국어", "0", "n1", "strasse", "กข", "𠀀𠀁"];
        await AddAsync("$1", Room, string.Join(' ', words));

        foreach (var word in words)
        {
            Assert.Equal(["$1"], await FindAsync([Whole(word)], Room));
            Assert.Equal(["$1"], await FindAsync([Begins(word)], Room));
        }

        Assert.Equal(["$1"], await FindAsync([.. words.Select(Whole)], Room));
        Assert.Empty(await FindAsync([Whole("本")], Room));
        Assert.Equal(["$1"], await FindAsync([Begins("本")], Room));
    }

    [Fact]
    public async Task What_is_found_comes_in_pages_over_many_rooms_and_parts()
    {
        var rooms = Enumerable.Range(0, 450).Select(i => $"!r{i}:one.test").ToArray();
        var added = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            if (i % 10 == 9) await SkipAsync(70_000);
            added.Insert(0, $"${i}");
            await AddAsync($"${i}", rooms[i * 14], "word");
        }

        var found = new List<string>();
        for (var upTo = long.MaxValue; await Storage.Search.NewestAsync(upTo) is { } newest;)
        {
            var (page, downTo) = await Storage.Search.FindAsync([Begins("wor")], rooms, newest, 4);
            Assert.True(downTo <= newest);
            Assert.True(page.Count <= 4);
            found.AddRange(page.Select(document => document.EventId));
            upTo = downTo - 1;
        }

        Assert.Equal(added, found);
    }

    [Fact]
    public async Task An_event_is_added_once()
    {
        var order = await AddAsync("$1", Room, "once");
        var number = SearchNumber.Of(order);
        await CommitAsync(unit => Storage.Search.Add(unit, new SearchDocument(number, "$1", 1), Room, order, ["once"]));
        await CommitAsync(unit => Storage.Search.Add(unit, new SearchDocument(number + 1, "$1", 1), Room, order, ["twice"]));
        await CommitAsync(unit => Storage.Search.Add(unit, new SearchDocument(number, "$other", 1), Room, order, ["thrice"]));

        Assert.Equal(["$1"], await FindAsync([Whole("once")], Room));
        Assert.Empty(await FindAsync([Whole("twice")], Room));
        Assert.Empty(await FindAsync([Whole("thrice")], Room));
        Assert.Equal("$1", await Storage.Search.AtAsync(number));
        Assert.Null(await Storage.Search.AtAsync(number + 1));
    }

    [Fact]
    public async Task What_is_redacted_rejected_or_displaced_leaves_the_index_and_does_not_come_back()
    {
        var order = await AddAsync("$redacted", Room, "gone");
        await AddAsync("$rejected", Room, "gone");
        await AddAsync("$displaced", Room, "gone");
        await AddAsync("$stays", Room, "gone");

        await CommitAsync(unit =>
        {
            Storage.Events.Redact(unit, "$redacted", Json("{}"), "$r");
            Storage.Events.SetState(unit, "$rejected", StateNodeId.Empty, EventStatus.Rejected);
            Storage.Events.Displace(unit, "$displaced");
        });
        await CommitAsync(unit => Storage.Search.Add(unit, new SearchDocument(SearchNumber.Of(order), "$redacted", 1), Room, order, ["gone"]));

        Assert.Equal(["$stays"], await FindAsync([Whole("gone")], Room));
        Assert.Null(await Storage.Search.AtAsync(SearchNumber.Of(order)));
    }

    [Fact]
    public async Task An_event_that_moved_since_it_was_read_is_not_added_to_where_it_was()
    {
        var position = await AppendAsync(Event("$1"));
        var order = new HistoryOrder(position, 0);
        await CommitAsync(unit => Storage.Events.Displace(unit, "$1"));
        await CommitAsync(unit => Storage.Events.AddHistoric(unit, Event("$1") with { Order = new HistoryOrder(-1, 0) }));

        await CommitAsync(unit => Storage.Search.Add(unit, new SearchDocument(SearchNumber.Of(order), "$1", 1), Room, order, ["moved"]));

        Assert.Empty(await FindAsync([Whole("moved")], Room));
        Assert.Equal(["$1"], await Storage.Search.QueuedAsync(Room, 10));
    }

    [Fact]
    public async Task Events_at_old_places_and_those_accepted_late_wait_for_their_turn()
    {
        await AppendAsync(Event("$late", status: EventStatus.SoftFailed));
        await CommitAsync(unit =>
        {
            Storage.Events.AddHistoric(unit, Event("$old") with { Order = new HistoryOrder(1, -1) });
            Storage.Events.AddHistoric(unit, Event("$outlier", status: EventStatus.Outlier));
            Storage.Events.AddHistoric(unit, Event("$member") with { Order = new HistoryOrder(1, -2), Type = "m.room.member" });
            Storage.Events.SetState(unit, "$late", StateNodeId.Empty, EventStatus.None);
        });

        Assert.Equal(["$late", "$old"], await Storage.Search.QueuedAsync(Room, 10));
        Assert.Equal(["$late"], await Storage.Search.QueuedAsync(Room, 1));
        await CommitAsync(unit => Storage.Search.Dequeue(unit, Room, "$late"));
        Assert.Equal(["$old"], await Storage.Search.QueuedAsync(Room, 10));
        Assert.Empty(await Storage.Search.QueuedAsync(OtherRoom, 10));
    }

    [Fact]
    public async Task Rooms_are_incomplete_until_all_of_them_is_in_the_index()
    {
        var position = await AppendAsync(Event("$1"));
        foreach (var roomId in (string[])[Room, OtherRoom])
            await CommitAsync(unit => Storage.Rooms.Put(
                unit, new RoomRow(roomId, "12", StateNodeId.Empty, [], 1, 0), unit.NextPosition(ChangeKind.RoomEvent, roomId)));
        Assert.Equal([OtherRoom, Room], await IncompleteAsync(""));
        Assert.Equal([Room], await IncompleteAsync(OtherRoom));

        await CommitAsync(unit =>
        {
            Storage.Search.SetProgress(unit, Room, new HistoryOrder(position + 1, 0), new HistoryOrder(position, -3));
            Storage.Search.SetProgress(unit, OtherRoom, new HistoryOrder(position + 2, 0), null);
        });
        Assert.Equal([Room], await IncompleteAsync(""));
        var progress = Assert.Single(await Storage.Search.RoomsAsync([Room, "!unknown:one.test"]));
        Assert.Equal(new SearchProgress(Room, new HistoryOrder(position + 1, 0), new HistoryOrder(position, -3), position + 1, false), progress);
        Assert.True(progress is { IsBehind: false, IsIncomplete: true });

        foreach (var behind in (HistoryOrder[])[new(position, 0), new(position + 1, -1)])
        {
            await CommitAsync(unit => Storage.Search.SetProgress(unit, Room, behind, null));
            Assert.True(Assert.Single(await Storage.Search.RoomsAsync([Room])).IsBehind);
            Assert.Equal([Room], await IncompleteAsync(""));
        }

        await CommitAsync(unit => Storage.Search.SetProgress(unit, Room, new HistoryOrder(position + 1, 0), null));
        Assert.Empty(await IncompleteAsync(""));

        await CommitAsync(unit => Storage.Events.AddHistoric(unit, Event("$old") with { Order = new HistoryOrder(1, -1) }));
        Assert.Equal([Room], await IncompleteAsync(""));
        Assert.True(Assert.Single(await Storage.Search.RoomsAsync([Room])).IsQueued);
    }

    [Fact]
    public void Numbers_keep_the_order_of_places()
    {
        const long first = -(1L << 61);
        HistoryOrder[] places =
        [
            HistoryOrder.Start, new(first, -5), new(first, -1), new(first + (1L << 39), 0), new(first + (1L << 40), -1), new(-(1L << 40), -1),
            new(1, -(1L << 30)), new(1, -2), new(1, -1), new(1, 0), new(2, -1), new(1L << 38, 0), HistoryOrder.End,
        ];

        var numbers = places.Select(SearchNumber.Of).ToArray();

        Assert.Equal(numbers.Order().Distinct(), numbers);
    }

    private static SearchWord Whole(string word) => new(word, false);

    private static SearchWord Begins(string word) => new(word, true);

    private async Task<IEnumerable<string>> IncompleteAsync(string after) => (await Storage.Search.IncompleteAfterAsync(after, 10)).Select(room => room.RoomId);

    private Task<CommitResult> SkipAsync(int positions) => CommitAsync(unit =>
    {
        for (var i = 0; i < positions; i++) unit.NextPosition(ChangeKind.Typing, Room);
    });

    private async Task<HistoryOrder> AddAsync(string eventId, string roomId, string words)
    {
        var order = new HistoryOrder(await AppendAsync(Event(eventId, roomId)), 0);
        var all = words.Split(' ');
        await CommitAsync(unit => Storage.Search.Add(unit, new SearchDocument(SearchNumber.Of(order), eventId, all.Length), roomId, order, all));
        return order;
    }

    private async Task<IEnumerable<string>> FindAsync(SearchWord[] words, params string[] rooms)
    {
        if (await Storage.Search.NewestAsync(long.MaxValue) is not { } newest) return [];
        var (found, _) = await Storage.Search.FindAsync(words, rooms, newest, 100);
        return found.Select(document => document.EventId);
    }
}

public sealed class SqliteSearchStoreTests() : SearchStoreTests(new SqliteBackend());

public sealed class PostgresSearchStoreTests(PostgresCluster cluster) : SearchStoreTests(new PostgresBackend(cluster));
