using OrleansMatrix.Grains.Directory.Searching;
using OrleansMatrix.Grains.Tests.Reading;
using OrleansMatrix.Grains.Tests.Room;
using OrleansMatrix.Protocol.Searching;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Searching;

/// <summary>What is in the index, whatever comes between the steps that bring it there; on both databases.</summary>
public sealed class RoomIndexingTests(PostgresCluster cluster) : IAsyncDisposable
{
    private const string Alice = "@a:x";
    private ReadServer _server = null!;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_newest_events_of_a_room_come_first_and_later_ones_before_the_rest(bool postgres)
    {
        var (room, indexing) = (await StartAsync(postgres), Indexing());
        var sent = await SendAsync(room, 150);

        Assert.True(await indexing.StepAsync(room.Id) > 0);
        var first = (await IndexedAsync()).Count;
        Assert.InRange(first, 20, sent.Count - 1);
        Assert.Equal(sent[^first..], await IndexedAsync());
        Assert.Equal(0, await indexing.StepAsync(room.Id, isNewOnly: true));

        var since = sent.Count - first;
        sent.AddRange(await SendAsync(room, 60));
        Assert.True(await indexing.StepAsync(room.Id) > 0);
        Assert.True(await indexing.StepAsync(room.Id) > 0);
        Assert.Equal(sent[since..], await IndexedAsync());

        await FinishAsync(indexing, room);
        Assert.Equal(sent, await IndexedAsync());
        Assert.Empty(await _server.Storage.Search.IncompleteAfterAsync("", 10));
        Assert.Equal(0, await indexing.StepAsync("!unknown:x"));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_kill_at_any_commit_neither_loses_nor_doubles_an_event(bool postgres)
    {
        var room = await StartAsync(postgres);
        var sent = await SendAsync(room, 300);
        var kills = 0;
        do
        {
            // Before its commit, or behind it; each time another silo goes on.
            var storage = new InterceptedStorage(_server.Storage)
            {
                OnCommit = async (unit, commit) =>
                {
                    if (kills++ % 2 == 1)
                        await commit(unit);
                    throw new StorageUnavailableException("killed");
                },
            };
            await Assert.ThrowsAsync<StorageUnavailableException>(() => new RoomIndexing(storage, new SeededRandom()).StepAsync(room.Id));
            if (kills is 2 or 3)
                sent.AddRange(await SendAsync(room, 40));
            await Indexing().StepAsync(room.Id);
        }
        while ((await _server.Storage.Search.IncompleteAfterAsync("", 1)).Count > 0);

        Assert.InRange(kills, 4, 20);
        Assert.Equal(sent, await IndexedAsync());
        Assert.Equal(sent.AsEnumerable().Reverse(), await FindAsync(room, "message", sent.Count + 10));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Two_silos_that_both_bring_a_room_in_add_each_event_once(bool postgres)
    {
        var room = await StartAsync(postgres);
        var sent = await SendAsync(room, 300);

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var indexing = Indexing();
            for (var isDone = false; !isDone;)
            {
                try
                {
                    isDone = await indexing.StepAsync(room.Id) == 0;
                }
                catch (StaleFenceException)
                {
                    // Overtaken several times in a row: it is tried again, as at the next look.
                }
            }
        })));

        Assert.Equal(sent, await IndexedAsync());
        Assert.Equal(sent.AsEnumerable().Reverse(), await FindAsync(room, "message", 1000));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_event_that_is_redacted_while_it_is_brought_in_is_not(bool postgres)
    {
        var room = await StartAsync(postgres);
        var sent = await SendAsync(room, 3);
        var storage = new InterceptedStorage(_server.Storage);
        storage.OnCommit = async (unit, commit) =>
        {
            storage.OnCommit = null;
            await room.RedactAsync(Alice, sent[1]);
            return await commit(unit);
        };

        Assert.True(await new RoomIndexing(storage, new SeededRandom()).StepAsync(room.Id) > 0);
        await FinishAsync(Indexing(), room);

        Assert.Equal([sent[0], sent[2]], await IndexedAsync());
        Assert.Equal([sent[2], sent[0]], await FindAsync(room, "message", 10));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Of_events_that_stand_at_one_place_in_many_rooms_each_is_found(bool postgres)
    {
        var room = await StartAsync(postgres);
        var rooms = new List<TestRoom> { room };
        for (var i = 0; i < 20; i++)
            rooms.Add(await TestRoom.CreateAsync(_server, Alice, $"!other{i}:x"));
        var old = await SendAsync(room, 1);
        var template = (await _server.Storage.Events.GetAsync(old[0]))!;
        foreach (var other in rooms)
        {
            await FinishAsync(Indexing(), other);
            var unit = new WriteUnit();
            _server.Storage.Events.AddHistoric(
                unit, template with { EventId = $"$old{other.Id}", RoomId = other.Id, StateBefore = null, Order = new HistoryOrder(-(1L << 61), -1) });
            await _server.Storage.CommitAsync(unit);
        }

        foreach (var other in rooms)
            await FinishAsync(Indexing(), other);

        foreach (var other in rooms)
            Assert.Equal([.. other == room ? old : [], $"$old{other.Id}"], await FindAsync(other, "message", 10));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_is_encrypted_without_text_or_damaged_is_not_in_the_index(bool postgres)
    {
        var room = await StartAsync(postgres);
        await room.SendJsonAsync(Alice, "m.room.encrypted", """{"algorithm":"m.megolm.v1.aes-sha2","ciphertext":"secret","body":"secret"}""");
        await room.SendJsonAsync(Alice, "m.room.message", """{"body":{"secret":1}}""");
        await room.SendJsonAsync(Alice, "m.room.message", """{"body":"?! ..."}""");
        await room.SendJsonAsync(Alice, "org.example.other", """{"body":"secret","name":"secret"}""");
        var damaged = await room.SendAsync(Alice, "secret");
        var topic = await room.SetAsync(Alice, "m.room.topic", "", """{"topic":"secret no more"}""");
        var row = (await _server.Storage.Events.GetAsync(damaged))!;
        var spoilt = new WriteUnit();
        _server.Storage.Events.Displace(spoilt, damaged);
        _server.Storage.Events.AddHistoric(spoilt, row with { Json = row.Json[..^10] });
        await _server.Storage.CommitAsync(spoilt);

        await FinishAsync(Indexing(), room);

        Assert.Equal([topic], await IndexedAsync());
        Assert.Equal([topic], await FindAsync(room, "secret", 10));
    }

    [Fact]
    public async Task A_step_has_a_bound_whatever_was_sent()
    {
        var room = await StartAsync(postgres: false);
        var random = new Random(3);
        var texts = Enumerable.Range(0, 60).Select(_ => string.Concat(Enumerable.Range(0, 20_000).Select(_ => (char)random.Next(0x4e00, 0x9fff)))).ToList();
        foreach (var text in texts)
            await room.SendAsync(Alice, text);

        var (indexing, steps) = (Indexing(), 0);
        while (await indexing.StepAsync(room.Id) is > 0 and var cost)
        {
            Assert.InRange(cost, 1, RoomIndexing.MaxStepCost + (RoomIndexing.PageSize * (SearchWords.MaxWords + 20)));
            steps++;
        }

        Assert.InRange(steps, 5, 60);
        Assert.Equal(texts.Count, (await IndexedAsync()).Count);
    }

    private static async Task FinishAsync(RoomIndexing indexing, TestRoom room)
    {
        while (await indexing.StepAsync(room.Id) > 0)
        {
        }
    }

    private static async Task<List<string>> SendAsync(TestRoom room, int count)
    {
        var sent = new List<string>();
        for (var i = 0; i < count; i++)
            sent.Add(await room.SendAsync(Alice, $"message {i}"));
        return sent;
    }

    private async Task<TestRoom> StartAsync(bool postgres)
    {
        _server = await ReadServer.StartAsync(postgres ? await cluster.CreateDatabaseAsync() : null);
        return await TestRoom.CreateAsync(_server, Alice);
    }

    private RoomIndexing Indexing() => new(_server.Storage, new SeededRandom());

    /// <summary>All documents of the index, the oldest first.</summary>
    private async Task<List<string>> IndexedAsync()
    {
        var indexed = new List<string>();
        for (var upTo = long.MaxValue; await _server.Storage.Search.NewestAsync(upTo) is { } number; upTo = number - 1)
            indexed.Insert(0, (await _server.Storage.Search.AtAsync(number))!);
        return indexed;
    }

    /// <summary>What the words of the index find, the newest first.</summary>
    private async Task<List<string>> FindAsync(TestRoom room, string word, int limit)
    {
        var found = new List<string>();
        for (var upTo = long.MaxValue; await _server.Storage.Search.NewestAsync(upTo) is { } number;)
        {
            var (page, downTo) = await _server.Storage.Search.FindAsync([new SearchWord(word, false)], [room.Id], number, limit);
            found.AddRange(page.Select(static document => document.EventId));
            upTo = downTo - 1;
        }

        return found;
    }
}
