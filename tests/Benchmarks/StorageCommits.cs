using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Benchmarks;

/// <summary>
/// Commits of what sending one message writes (event, room, transaction id, under the room's fence) by many senders at once:
/// <c>dotnet run -c Release --project tests/Benchmarks -- storage [sqlite|postgres] [seconds]</c>. CPU is this process's, all threads.
/// </summary>
internal static class StorageCommits
{
    private const int Rooms = 64;
    private static readonly byte[] Json = Encoding.UTF8.GetBytes("{\"content\":\"" + new string('x', 600) + "\"}");

    public static async Task RunAsync(string[] args)
    {
        var seconds = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 5;
        if (args.Length < 2 || args[1] == "sqlite")
        {
            using var folder = new TemporaryFolder();
            await MeasureAsync("sqlite", SqliteStorage.Open(folder.File("matrix.db"), TimeProvider.System, NullLoggerFactory.Instance), seconds);
        }
        if (args.Length < 2 || args[1] == "postgres")
        {
            await using var cluster = await PostgresCluster.StartAsync();
            await MeasureAsync("postgres", PostgresStorage.Open(await cluster.CreateDatabaseAsync(), TimeProvider.System, NullLoggerFactory.Instance), seconds);
        }
    }

    private static async Task MeasureAsync(string name, IStorage storage, int seconds)
    {
        await using (storage)
        {
            await storage.MigrateAsync(CancellationToken.None);
            var fences = new Fence[Rooms];
            for (var i = 0; i < Rooms; i++) fences[i] = await storage.OpenFenceAsync($"room:!room{i}:bench.test");
            await RunAsync(storage, fences, "warm", 64, TimeSpan.FromSeconds(2));
            foreach (var senders in (int[])[1, 64, 512])
            {
                GC.Collect();
                var allocated = GC.GetTotalAllocatedBytes(precise: true);
                var cpu = Process.GetCurrentProcess().TotalProcessorTime;
                var clock = Stopwatch.StartNew();
                var commits = await RunAsync(storage, fences, $"{senders}", senders, TimeSpan.FromSeconds(seconds));
                var elapsed = clock.Elapsed;
                cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
                allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{name,-8} {senders,3} in flight: {commits / elapsed.TotalSeconds,7:F0} commits/s  {cpu.TotalMicroseconds / commits,6:F1} us CPU/commit  {allocated / commits,6} B/commit"));
            }
            await MeasureReadsAsync(name, "20 newest events of a room", async () =>
                await storage.Events.RangeAsync("!room1:bench.test", HistoryOrder.Start, HistoryOrder.End, Direction.Backward, 20));
            await MeasureReadsAsync(name, "one room", async () => await storage.Rooms.GetAsync("!room1:bench.test"));
            var rooms = Enumerable.Range(0, Rooms).Select(i => $"!room{i}:bench.test").ToArray();
            await MeasureReadsAsync(name, "rooms changed of 64", async () => await storage.Rooms.ChangedSinceAsync(rooms, storage.Feed.Current - 10));
        }
    }

    private static async Task MeasureReadsAsync(string name, string what, Func<Task> read)
    {
        const int times = 2000;
        for (var i = 0; i < times; i++) await read();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        for (var i = 0; i < times; i++) await read();
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{name,-8} {what}: {cpu.TotalMicroseconds / times,6:F1} us CPU, {allocated / times,6} B"));
    }

    private static async Task<long> RunAsync(IStorage storage, Fence[] fences, string run, int senders, TimeSpan duration)
    {
        using var stop = new CancellationTokenSource(duration);
        var counts = await Task.WhenAll(
            Enumerable.Range(0, senders).Select(sender => Task.Run(() => SendAsync(storage, fences[sender % Rooms], $"{run}-{sender}", stop.Token))));
        return counts.Sum();
    }

    private static async Task<long> SendAsync(IStorage storage, Fence fence, string name, CancellationToken stop)
    {
        var roomId = fence.Owner["room:".Length..];
        long count = 0;
        while (!stop.IsCancellationRequested)
        {
            var id = $"${HashCode.Combine(name, count):x8}-{name}-{count}-0123456789abcdef";
            var unit = new WriteUnit(fence);
            var slot = unit.NextPosition(ChangeKind.RoomEvent, roomId);
            storage.Events.AppendLive(unit, new EventRow
            {
                EventId = id,
                RoomId = roomId,
                Type = "m.room.message",
                Sender = "@sender:bench.test",
                Depth = count,
                OriginServerTs = 1_700_000_000_000 + count,
                StateBefore = new StateNodeId(12345),
                Json = Json,
                DeviceId = "DEVICE",
                TransactionId = id,
            }, slot);
            storage.Rooms.Put(unit, new RoomRow(roomId, "12", new StateNodeId(12345), [id], count, 0), slot);
            storage.Events.AddTransaction(unit, $"@sender{name}:bench.test", "DEVICE", roomId, $"m{1_700_000_000_000 + count}", id, 1_700_000_000_000 + count);
            await storage.CommitAsync(unit);
            count++;
        }
        return count;
    }
}
