using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Federation;
using OrleansMatrix.Grains;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Benchmarks;

/// <summary>Messages through the room's grain, in process, durable in SQLite: <c>room [rooms] [callers] [seconds]</c>.</summary>
internal static class RoomSends
{
    private const string User = "@bench:localhost";

    public static async Task RunAsync(string[] args)
    {
        int Number(int index, int fallback) => args.Length > index ? int.Parse(args[index], CultureInfo.InvariantCulture) : fallback;
        var (rooms, callers, seconds) = (Number(1, 1), Number(2, 64), Number(3, 5));
        using var folder = new TemporaryFolder();
        using var host = await StartAsync(folder);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var ids = new List<string>();
        for (var i = 0; i < rooms; i++)
            ids.Add((await grains.GetGrain<IRoomFactoryGrain>(User).Create(Room(i))).Value);
        await MeasureAsync("warm-up", grains, ids, callers, 2);
        for (var round = 1; round <= 3; round++)
            await MeasureAsync($"round {round}", grains, ids, callers, seconds);
        await host.StopAsync();
        await host.Services.GetRequiredService<IStorage>().DisposeAsync();
    }

    private static async Task MeasureAsync(string name, IGrainFactory grains, List<string> rooms, int callers, int seconds)
    {
        var process = Process.GetCurrentProcess();
        var (cpu, allocated, clock) = (process.TotalProcessorTime, GC.GetTotalAllocatedBytes(), Stopwatch.StartNew());
        var latencies = await Task.WhenAll(
            Enumerable.Range(0, callers).Select(c => Task.Run(() => SendAsync(grains.GetGrain<IRoomGrain>(rooms[c % rooms.Count]), c, clock, seconds))));
        process.Refresh();
        var times = latencies.SelectMany(l => l).Order().ToList();
        var micros = (process.TotalProcessorTime - cpu).TotalMicroseconds / times.Count;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {rooms.Count} rooms, {callers} callers: {times.Count / clock.Elapsed.TotalSeconds:F0} sends/s, {micros:F1} µs CPU and {(GC.GetTotalAllocatedBytes() - allocated) / times.Count} B a send, p50 {times[times.Count / 2]:F2} ms, p99 {times[times.Count * 99 / 100]:F2} ms"));
    }

    private static async Task<List<double>> SendAsync(IRoomGrain room, int caller, Stopwatch clock, int seconds)
    {
        var requester = new Requester(UserId.Parse(User), $"D{caller}");
        var times = new List<double>();
        var start = clock.ElapsedTicks;
        for (var i = 0; clock.Elapsed.TotalSeconds < seconds; i++)
        {
            var content = Encoding.UTF8.GetBytes(
                $$"""{"msgtype":"m.text","body":"Message number {{i}} of caller {{caller}}, of about the usual length of a message"}""");
            var sent = Stopwatch.GetTimestamp();
            var outcome = await room.Send(new EventToSend(requester, "m.room.message", content, $"{start}.{i}"));
            if (!outcome.Ok)
                throw new InvalidOperationException(outcome.Error.Message);
            times.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }

        return times;
    }

    private static RoomRequest Room(int number) =>
        new(new Requester(UserId.Parse(User), "D"), null, "private_chat", null, null, $"Room {number}", null, [], 0, false, null, null, []);

    // One silo, which nobody calls from outside.
    private const int SiloPort = 21_112;

    private static async Task<IHost> StartAsync(TemporaryFolder folder)
    {
        var storage = SqliteStorage.Open(folder.File("matrix.db"), TimeProvider.System, NullLoggerFactory.Instance);
        await storage.MigrateAsync(CancellationToken.None);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services
            .AddSingleton(new MatrixSettings { ServerName = ServerName.Parse("localhost"), DataDirectory = folder.Path })
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IRandom, SystemRandom>()
            .AddSingleton(new LocalServer(ServerName.Parse("localhost"), SigningKey.Generate(new SystemRandom())))
            .AddSingleton(storage)
            .AddFederation(allowPrivateAddresses: false, AllowedServers.Open)
            .AddMatrixGrains();
        builder.UseOrleans(silo => silo.UseLocalhostClustering(SiloPort, gatewayPort: 0).UseStoredPersistence());
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }
}
