using System.Diagnostics;
using System.Globalization;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Load.Federation;

/// <summary>What came of it.</summary>
internal sealed record ReceiveReport(int Origins, int Events, double Seconds, double EventsPerSecond, int Refused);

/// <summary>How many events a server takes from others: each origin sends full transactions, one after the other, to a room of its own.</summary>
internal static class ReceiveRun
{
    private const int TransactionSize = 50;

    public static async Task<ReceiveReport> RunAsync(int count, int events, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        using var data = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        await using var silo = await SiloProcess.StartFederatingAsync(data.Path, authority);
        using var owner = new MatrixClient(silo.Url);
        await owner.RegisterAsync("owner", null, cancellationToken);
        var origins = new List<SyntheticOrigin>();
        try
        {
            var work = new List<(SyntheticOrigin Origin, List<Protocol.Events.Pdu[]> Transactions)>();
            for (var i = 0; i < count; i++)
            {
                var origin = await SyntheticOrigin.StartAsync(silo, authority, i);
                origins.Add(origin);
                await origin.JoinAsync(await owner.CreateRoomAsync(cancellationToken), cancellationToken);
                work.Add((origin, [.. origin.MakeMessages(events / count).Chunk(TransactionSize)]));
            }

            var refused = 0;
            var started = Stopwatch.GetTimestamp();
            await Task.WhenAll(work.Select(w => Task.Run(
                async () =>
                {
                    for (var i = 0; i < w.Transactions.Count; i++)
                        Interlocked.Add(ref refused, await w.Origin.SendAsync("t" + i.ToString(CultureInfo.InvariantCulture), w.Transactions[i], cancellationToken));
                },
                cancellationToken)));
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var sent = events / count * count;
            return new ReceiveReport(count, sent, Math.Round(seconds, 2), Math.Round(sent / seconds), refused);
        }
        finally
        {
            foreach (var origin in origins)
                await origin.DisposeAsync();
        }
    }
}
