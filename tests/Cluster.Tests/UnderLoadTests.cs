using System.Globalization;
using Npgsql;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>
/// Three silos whose processes go while clients write and read: nothing that was acknowledged is lost, doubled or out of order. CLUSTER_KILLS is how often one
/// is killed (3).
/// </summary>
public sealed class UnderLoadTests(PostgresCluster postgres)
{
    private const int Silos = 3;
    private const int Rooms = 6;

    [Fact(Timeout = 3_600_000)]
    public async Task Kills_lose_nothing()
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("CLUSTER_KILLS") ?? "3", CultureInfo.InvariantCulture);
        var random = new Random(kills);
        var waits = new List<double>();
        await RunAsync(async (silos, writers, _) =>
        {
            for (var i = 0; i < kills; i++)
            {
                await WrittenAsync(writers, random.Next(20, 200));
                writers.TakeLongestWait();
                var silo = silos[random.Next(Silos)];
                await silo.KillAsync();
                await silo.StartAsync();
                await WrittenAsync(writers, Rooms);
                waits.Add(writers.TakeLongestWait().TotalSeconds);
            }
        });
        waits.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{kills} kills; the longest that a message waited after one: median {waits[kills / 2]:F2} s, most {waits[^1]:F2} s");
    }

    /// <summary>One that stands still is given up, and ends by itself when it goes on.</summary>
    [Fact(Timeout = 600_000)]
    public async Task A_silo_that_stood_still_ends_and_lost_nothing()
    {
        await RunAsync(async (silos, writers, database) =>
        {
            await using var members = NpgsqlDataSource.Create(database + ";Pooling=false");
            await WrittenAsync(writers, 50);
            writers.Server.Remove(silos[0]);
            await silos[0].SignalAsync("STOP");
            await GivenUpAsync(members);
            await WrittenAsync(writers, 50);
            await silos[0].SignalAsync("CONT");
            Assert.NotEqual(0, await silos[0].EndAsync());
            await silos[0].StartAsync();
            writers.Server.Add(silos[0]);
            await WrittenAsync(writers, 50);
        });
    }

    [Fact(Timeout = 600_000)]
    public async Task Replacing_one_process_after_the_other_fails_no_request()
    {
        var failures = 0;
        await RunAsync(async (silos, writers, _) =>
        {
            var before = writers.Server.Failures;
            foreach (var silo in silos)
            {
                await WrittenAsync(writers, 50);
                // Who takes it out of the balance lets what is on its way to it arrive.
                writers.Server.Remove(silo);
                await WrittenAsync(writers, 50);
                await silo.SignalAsync("TERM");
                Assert.Equal(0, await silo.EndAsync());
                await silo.StartAsync();
                writers.Server.Add(silo);
            }

            await WrittenAsync(writers, 50);
            failures = writers.Server.Failures - before;
        });
        Assert.Equal(0, failures);
    }

    private async Task RunAsync(Func<List<SiloProcess>, Writers, string, Task> disturb)
    {
        var database = await postgres.CreateDatabaseAsync();
        using var data = new TemporaryFolder();
        var silos = new List<SiloProcess>();
        try
        {
            for (var i = 0; i < Silos; i++)
                silos.Add(await SiloProcess.StartAsync(data.Path, database + ";Maximum Pool Size=12"));
            using var writers = new Writers(silos);
            await writers.PrepareAsync(Rooms);
            using var stop = new CancellationTokenSource();
            var running = writers.RunAsync(stop.Token);
            var disturbing = disturb(silos, writers, database);
            await Task.WhenAny(running, disturbing);
            if (running.IsFaulted)
                await running;
            await disturbing;
            await stop.CancelAsync();
            await running;
            await writers.CheckAsync();
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{writers.Acknowledged} messages, {writers.Server.Failures} requests repeated, the longest took {writers.Server.Longest.TotalSeconds:F2} s");
        }
        catch (Exception)
        {
            foreach (var silo in silos)
                TestContext.Current.TestOutputHelper?.WriteLine(silo.Log);
            throw;
        }
        finally
        {
            foreach (var silo in silos)
                await silo.DisposeAsync();
        }
    }

    /// <summary>Waits until the others have given a silo up (status 6 of Orleans' table: dead).</summary>
    private static async Task GivenUpAsync(NpgsqlDataSource members)
    {
        await using var command = members.CreateCommand("SELECT count(*) FROM orleans_membership WHERE status = 6");
        while ((long)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))! == 0)
            await Task.Delay(50, TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until so many more messages have been acknowledged.</summary>
    private static async Task WrittenAsync(Writers writers, int more)
    {
        for (var until = writers.Acknowledged + more; writers.Acknowledged < until;)
            await Task.Delay(10, TestContext.Current.CancellationToken);
    }
}
