using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Postgres;

namespace OrleansMatrix.Load.Commits;

/// <summary>What one number of silos reached.</summary>
/// <param name="CommitsPerSecond">Acknowledged units of all silos.</param>
/// <param name="P50">From handing a unit over to its acknowledgement, milliseconds.</param>
/// <param name="P99">As <paramref name="P50"/>.</param>
/// <param name="FeedP50">From the acknowledgement at one silo to another silo's feed having the change, milliseconds; 0 with one silo.</param>
internal sealed record CommitReport(int Silos, double CommitsPerSecond, double P50, double P99, double FeedP50);

/// <summary>
/// The storage of several silos on one PostgreSQL, each with writers that commit a message to a room of their own, wait for it, and commit the next. All silos
/// are in this process and share its processors with the database: what is compared is how the total changes with their number.
/// </summary>
internal sealed class CommitLoad(string connectionString, int writersPerSilo, TimeSpan duration)
{
    private static readonly byte[] s_json = new byte[700];

    public async Task<CommitReport> RunAsync(int silos, CancellationToken cancellationToken)
    {
        var storages = Enumerable.Range(0, silos).Select(_ => PostgresStorage.Open(connectionString, TimeProvider.System, NullLoggerFactory.Instance)).ToArray();
        try
        {
            foreach (var storage in storages)
                await storage.MigrateAsync(cancellationToken);
            var run = Guid.NewGuid().ToString("N");
            var (latencies, behind) = (new Latencies(), new Latencies());
            var warm = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * 2);
            var end = warm + (long)(duration.TotalSeconds * Stopwatch.Frequency);
            await Task.WhenAll(Enumerable.Range(0, silos).SelectMany(silo => Enumerable.Range(0, writersPerSilo).Select(
                writer => Task.Run(() => WriteAsync(storages, silo, $"!{run}{silo}.{writer}:x", warm, end, latencies, behind), cancellationToken))));
            return new CommitReport(
                silos, Math.Round(latencies.Count / duration.TotalSeconds), latencies.Percentile(0.5), latencies.Percentile(0.99),
                silos > 1 ? behind.Percentile(0.5) : 0);
        }
        finally
        {
            foreach (var storage in storages)
                await storage.DisposeAsync();
        }
    }

    private static async Task WriteAsync(IStorage[] storages, int silo, string roomId, long warm, long end, Latencies latencies, Latencies behind)
    {
        var storage = storages[silo];
        var fence = await storage.AcquireFenceAsync($"room:{roomId}");
        for (var i = 0; Stopwatch.GetTimestamp() is var begun && begun < end; i++)
        {
            var unit = new WriteUnit(fence);
            var slot = unit.NextPosition(ChangeKind.RoomEvent, roomId);
            storage.Events.AppendLive(unit, new EventRow
            {
                EventId = $"${roomId}{i}",
                RoomId = roomId,
                Type = "m.room.message",
                Sender = "@w:x",
                Depth = i + 1,
                OriginServerTs = i,
                Json = s_json,
            }, slot);
            storage.Rooms.Put(unit, new RoomRow(roomId, "11", StateNodeId.Empty, [$"${roomId}{i}"], i + 1, 0), slot);
            var position = (await storage.CommitAsync(unit)).Resolve(slot);
            if (begun < warm)
                continue;
            latencies.Add(Stopwatch.GetElapsedTime(begun));
            if (storages.Length == 1 || i % 16 != 0)
                continue;
            var acknowledged = Stopwatch.GetTimestamp();
            await storages[(silo + 1) % storages.Length].Feed.WaitForAsync(position, CancellationToken.None);
            behind.Add(Stopwatch.GetElapsedTime(acknowledged));
        }
    }
}
