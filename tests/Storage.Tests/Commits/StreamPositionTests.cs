using System.Collections.Concurrent;
using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Commits;

/// <summary>
/// Many writers, and readers that do what /sync does: take the feed's position, read everything since the last one, remember it. Nobody may ever skip an
/// event, whatever the interleaving.
/// </summary>
public abstract class StreamPositionTests(Backend backend, int silos) : StoreTests(backend)
{
    private const int WritersPerSilo = 8;
    private const int UnitsPerWriter = 60;
    private const int Rooms = 5;

    [Fact]
    public async Task No_reader_ever_skips_an_event()
    {
        List<IStorage> storages = [Storage];
        while (storages.Count < silos) storages.Add(await Backend.OpenAsync());
        var written = new ConcurrentDictionary<string, long>();
        using var writing = new CancellationTokenSource();
        var feeds = storages.Select(FollowFeed).ToArray();
        var readers = storages.SelectMany(storage => Enumerable.Range(0, 2).Select(_ => Task.Run(() => ReadAsync(storage, writing.Token)))).ToArray();

        await Task.WhenAll(storages.SelectMany(
            (storage, silo) => Enumerable.Range(0, WritersPerSilo).Select(writer => Task.Run(() => WriteAsync(storage, $"{silo}-{writer}", written)))));
        await writing.CancelAsync();

        var last = written.Values.Max();
        Assert.Equal(silos * WritersPerSilo * UnitsPerWriter * 3 / 2, written.Count);
        Assert.Equal(written.Count, written.Values.Distinct().Count());
        foreach (var reader in readers)
        {
            var (seen, end) = await reader;
            var expected = written.Where(entry => entry.Value <= end).Select(entry => entry.Key).Order(StringComparer.Ordinal);
            Assert.Equal(expected, seen.Order(StringComparer.Ordinal));
        }
        foreach (var (storage, feed) in storages.Zip(feeds))
        {
            // When an own commit completes, the feed has told its listeners of everything up to it.
            var unit = new WriteUnit();
            unit.NextPosition(ChangeKind.Presence, Alice);
            var end = (await storage.CommitAsync(unit)).FirstPosition;
            Assert.True(end > last);
            lock (feed) Assert.Equal(Enumerable.Range(1, (int)end).Select(i => (long)i), feed.Select(change => change.Position));
        }
    }

    private static List<Change> FollowFeed(IStorage storage)
    {
        List<Change> seen = [];
        storage.Feed.Subscribe(changes =>
        {
            lock (seen) seen.AddRange(changes.Span);
        });
        return seen;
    }

    private static async Task WriteAsync(IStorage storage, string name, ConcurrentDictionary<string, long> written)
    {
        var inFlight = new Queue<(Task<CommitResult> Commit, List<(string Id, PositionSlot Slot)> Events)>();
        for (var i = 0; i < UnitsPerWriter; i++)
        {
            var unit = new WriteUnit();
            List<(string, PositionSlot)> events = [];
            for (var part = 0; part <= i % 2; part++)
            {
                var room = $"!{(i + part) % Rooms}:one.test";
                var id = $"${name}-{i}-{part}";
                var slot = unit.NextPosition(ChangeKind.RoomEvent, room);
                storage.Events.AppendLive(unit, Event(id, room), slot);
                events.Add((id, slot));
            }
            if (i % 5 == 0) unit.NextPosition(ChangeKind.Presence, Alice);
            inFlight.Enqueue((storage.CommitAsync(unit), events));
            if (inFlight.Count > 3) await TakeAsync(inFlight.Dequeue());
        }
        while (inFlight.TryDequeue(out var unit)) await TakeAsync(unit);

        async Task TakeAsync((Task<CommitResult> Commit, List<(string Id, PositionSlot Slot)> Events) unit)
        {
            var result = await unit.Commit;
            foreach (var (id, slot) in unit.Events) written[id] = result.Resolve(slot);
            Assert.True(storage.Feed.Current >= result.Resolve(unit.Events[^1].Slot));
        }
    }

    /// <summary>Reads (last, current] again and again; gives what it saw and how far it came.</summary>
    private static async Task<(List<string> Seen, long End)> ReadAsync(IStorage storage, CancellationToken writing)
    {
        List<string> seen = [];
        long position = 0;
        bool more;
        do
        {
            more = !writing.IsCancellationRequested;
            var current = storage.Feed.Current;
            for (var room = 0; room < Rooms; room++)
            {
                var rows = await storage.Events.RangeAsync(
                    $"!{room}:one.test", new HistoryOrder(position, 0), new HistoryOrder(current, 0), Direction.Forward, int.MaxValue, CancellationToken.None);
                seen.AddRange(rows.Select(row => row.EventId));
            }
            position = current;
            await Task.Yield();
        }
        while (more);
        return (seen, position);
    }
}

public sealed class SqliteStreamPositionTests() : StreamPositionTests(new SqliteBackend(), 1);

public sealed class PostgresStreamPositionTests(PostgresCluster cluster) : StreamPositionTests(new PostgresBackend(cluster), 3);
