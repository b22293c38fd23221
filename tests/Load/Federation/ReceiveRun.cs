using System.Diagnostics;
using System.Globalization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Load.Federation;

/// <summary>What came of it.</summary>
/// <param name="MillisecondsPerTransaction">From one to the next, for one origin.</param>
/// <param name="CpuMicroseconds">The server's CPU time per event.</param>
/// <param name="Switches">The server's context switches per event.</param>
/// <param name="MessagesPerTransaction">Calls and answers between grains; null of one silo.</param>
/// <param name="RemotePerTransaction">Of these, those to another silo.</param>
internal sealed record ReceiveReport(
    int Silos, int Origins, int Events, double Seconds, double EventsPerSecond, double MillisecondsPerTransaction, double CpuMicroseconds, double Switches,
    double? MessagesPerTransaction, double? RemotePerTransaction, int Refused);

/// <summary>
/// How many events a server takes from others: each origin sends full transactions, one after the other, to a room of its own, and to one of the silos. Of
/// several silos the rooms are made at the first.
/// </summary>
internal static class ReceiveRun
{
    private const int TransactionSize = 50;

    public static async Task<ReceiveReport> RunAsync(
        int siloCount, string database, int count, int events, int warmUp, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        using var data = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        await using var silo = await SiloProcess.StartFederatingAsync(data.File("0"), authority, database);
        List<SiloProcess> silos = [silo];
        for (var i = 1; i < siloCount; i++)
            silos.Add(await SiloProcess.StartFederatingAsync(data.File($"{i}"), authority, database, silo.ServerName));
        using var owner = new MatrixClient(silo.Url);
        await owner.RegisterAsync("owner", null, cancellationToken);
        var origins = new List<SyntheticOrigin>();
        try
        {
            var (warm, measured) = (warmUp / count / TransactionSize, Math.Max(1, events / count / TransactionSize));
            var work = new List<Work>();
            for (var i = 0; i < count; i++)
            {
                var origin = await SyntheticOrigin.StartAsync(silos[i % siloCount], authority, i);
                origins.Add(origin);
                await origin.JoinAsync(await owner.CreateRoomAsync(cancellationToken), cancellationToken);
                work.Add(new Work(origin, [.. origin.MakeMessages((warm + measured) * TransactionSize).Chunk(TransactionSize)]));
            }

            await SendAsync(work, 0, warm, cancellationToken);
            var before = ProcessCost.Of(silos.Select(static one => one.ProcessId));
            var urls = silos.Select(static one => one.Url).ToList();
            var messagesBefore = await GrainMessages.OfAsync(urls, cancellationToken);
            var started = Stopwatch.GetTimestamp();
            var refused = await SendAsync(work, warm, measured, cancellationToken);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var sent = measured * TransactionSize * count;
            var (cpu, switches) = ProcessCost.Of(silos.Select(static one => one.ProcessId)).Per(sent, before);
            var messages = (await GrainMessages.OfAsync(urls, cancellationToken))?.Since(messagesBefore);
            return new ReceiveReport(
                siloCount, count, sent, Math.Round(seconds, 2), Math.Round(sent / seconds), Math.Round(seconds * 1000 / measured, 2), cpu, switches,
                messages?.Per(measured * count), messages?.RemotePer(measured * count), refused);
        }
        finally
        {
            foreach (var origin in origins)
                await origin.DisposeAsync();
            foreach (var other in silos.Skip(1))
                await other.DisposeAsync();
        }
    }

    private static async Task<int> SendAsync(List<Work> work, int first, int count, CancellationToken cancellationToken)
    {
        var refused = await Task.WhenAll(work.Select(w => Task.Run(
            async () =>
            {
                var refused = 0;
                for (var i = first; i < first + count; i++)
                    refused += await w.Origin.SendAsync("t" + i.ToString(CultureInfo.InvariantCulture), w.Transactions[i], cancellationToken);
                return refused;
            },
            cancellationToken)));
        return refused.Sum();
    }

    private sealed record Work(SyntheticOrigin Origin, List<Pdu[]> Transactions);
}
