using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Load.Flooding;

/// <summary>What honest users lived through, in milliseconds.</summary>
/// <param name="Sends">Messages that were sent and delivered.</param>
/// <param name="SendP99">Until a message was acknowledged.</param>
/// <param name="DeliveryP99">Until it was in the other's sync.</param>
/// <param name="InitialSyncP99">Of somebody who opens a client.</param>
/// <param name="Longest">Of all of them.</param>
internal sealed record HonestReport(int Sends, double SendP99, double DeliveryP99, double InitialSyncP99, double Longest);

/// <summary>One flood; memory in MiB.</summary>
/// <param name="Answers">The flood's answers by their status; 0: cut off.</param>
internal sealed record FloodReport(string Flood, IReadOnlyDictionary<int, int> Answers, double MemoryBefore, double MemoryMost, HonestReport Honest);

/// <summary>All floods, one after the other, on one server.</summary>
/// <param name="MemoryLimit">Matrix:MemoryLimit, in MiB.</param>
/// <param name="MemoryAfter">Half a minute later.</param>
internal sealed record FloodsReport(int MemoryLimit, int Attackers, IReadOnlyList<FloodReport> Floods, double MemoryAfter)
{
    public bool IsGood => Floods.All(flood =>
        flood.MemoryMost < MemoryLimit && flood.Honest is { SendP99: < 1000, DeliveryP99: < 1000, InitialSyncP99: < 1000 });
}

/// <summary>Floods a server whose memory is limited, while honest users talk.</summary>
internal static class FloodRun
{
    // So that on a machine shared with the server the flood is of requests, and not of this program's own work.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    public static async Task<FloodsReport> RunAsync(
        int memoryLimit, int attackers, TimeSpan each, string? only, string database, CancellationToken cancellationToken)
    {
        using var data = new TemporaryFolder();
        await using var silo = await SiloProcess.StartAsync(data.Path, database, new Dictionary<string, string>
        {
            ["Matrix__MemoryLimit"] = (memoryLimit * 1024L * 1024).ToString(CultureInfo.InvariantCulture),
            ["Matrix__RateLimits__Enabled"] = "true",
        });
        using var honest = new HonestUsers(silo.Url);
        await honest.StartAsync(cancellationToken);
        var reports = new List<FloodReport>();
        var number = 0;
        foreach (var flood in Floods.All.Where(flood => only is null || flood.Name.Contains(only, StringComparison.Ordinal)))
        {
            var group = Enumerable.Range(0, attackers).Select(_ => new Attacker(silo.Url, number++)).ToList();
            try
            {
                foreach (var attacker in group)
                    await attacker.StartAsync(cancellationToken);
                reports.Add(await RunAsync(flood, group, silo.ProcessId, honest, each, cancellationToken));
                await Console.Error.WriteLineAsync(reports[^1].ToString());
            }
            finally
            {
                group.ForEach(static attacker => attacker.Dispose());
            }
        }

        using var memory = new MemoryWatch(silo.ProcessId);
        await Task.Delay(TimeSpan.FromSeconds(30), cancellationToken);
        return new FloodsReport(memoryLimit, attackers, reports, memory.Now);
    }

    private static async Task<FloodReport> RunAsync(
        Flood flood, List<Attacker> attackers, int processId, HonestUsers honest, TimeSpan length, CancellationToken cancellationToken)
    {
        using var memory = new MemoryWatch(processId);
        await Task.WhenAll(attackers.Select(attacker => flood.Prepare(attacker, cancellationToken)));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(length);
        var answers = new ConcurrentDictionary<int, int>();
        var workers = attackers
            .SelectMany(attacker => Enumerable.Range(0, flood.Workers).Select(_ => WorkAsync(flood, attacker, answers, over.Token)))
            .ToList();
        var report = await honest.RunAsync(over.Token, cancellationToken);
        await Task.WhenAll(workers);
        return new FloodReport(flood.Name, answers.ToSortedDictionary(), memory.Before, memory.Most, report);
    }

    private static async Task WorkAsync(Flood flood, Attacker attacker, ConcurrentDictionary<int, int> answers, CancellationToken over)
    {
        for (var number = 0; !over.IsCancellationRequested; number++)
        {
            using var http = attacker.Connect();
            try
            {
                while (true)
                {
                    var status = await flood.Step(attacker, http, number++, over);
                    answers.AddOrUpdate(status, 1, static (_, count) => count + 1);
                    await Task.Delay(s_pause, over);
                }
            }
            catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException)
            {
                if (over.IsCancellationRequested)
                    return;
                answers.AddOrUpdate(0, 1, static (_, count) => count + 1);
                await Task.Delay(s_pause, CancellationToken.None);
            }
        }
    }

    private static SortedDictionary<int, int> ToSortedDictionary(this IDictionary<int, int> counts) => new(counts);
}
