using Npgsql;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests.Partitions;

/// <summary>
/// Three silos, each on a machine of its own, that cannot see each other or the database for a while, with clients at each: nothing is forked, lost or doubled,
/// and requests are answered or end in 503.
/// </summary>
public sealed class PartitionTests
{
    private const string Database = "database";
    private static readonly string[] s_machines = ["silo0", "silo1", "silo2"];

    /// <summary>The third sees both, so that nobody is given up: what one needs of the other has to wait. It takes more than a minute.</summary>
    [Fact(Timeout = 600_000, Explicit = true)]
    public Task Two_silos_that_cannot_see_each_other_fork_nothing() => RunAsync(async (network, _, clients) =>
    {
        await clients.AcknowledgedAsync(0, 1, 2);
        Note(clients, "before the cut");
        await network.CutAsync("silo0", "silo1");
        await Task.WhenAll(clients.ClaimAsync(0, 10), clients.ClaimAsync(1, 10), clients.AnsweredAsync());
        Note(clients, "cut");
        await network.MendAsync("silo0", "silo1");
        await clients.AcknowledgedAsync(0, 1, 2);
        Note(clients, "mended");
    });

    [Fact(Timeout = 300_000)]
    public Task A_silo_that_cannot_see_the_database_writes_nothing_and_comes_back() => RunAsync(async (network, _, clients) =>
    {
        await clients.AcknowledgedAsync(0, 1, 2);
        Note(clients, "before the cut");
        await network.CutAsync("silo0", Database);
        await Task.WhenAll(clients.ClaimAsync(0, 10), clients.ClaimAsync(1, 10), clients.AnsweredAsync(), clients.ReadyAsync(0, isReady: false));
        Note(clients, "cut");
        await network.MendAsync("silo0", Database);
        await Task.WhenAll(clients.AcknowledgedAsync(0, 1, 2), clients.ReadyAsync(0, isReady: true));
        Note(clients, "mended");
    });

    /// <summary>It is given up by the others; as it still sees the database, it learns of that and ends.</summary>
    [Fact(Timeout = 300_000)]
    public Task A_silo_that_no_other_can_see_ends_and_forks_nothing() => RunAsync(async (network, silos, clients) =>
    {
        await clients.AcknowledgedAsync(0, 1, 2);
        Note(clients, "before the cut");
        await network.CutAsync("silo0", "silo1");
        await network.CutAsync("silo0", "silo2");
        await Task.WhenAll(clients.ClaimAsync(0, 10), clients.ClaimAsync(1, 10), silos[0].EndAsync());
        Assert.NotEqual(0, await silos[0].EndAsync());
        Assert.Contains("I have been told I am dead", silos[0].Log, StringComparison.Ordinal);
        await clients.AcknowledgedAsync(1, 2);
        Note(clients, "cut");
        await network.MendAsync("silo0", "silo1");
        await network.MendAsync("silo0", "silo2");
        await silos[0].StartAsync();
        await clients.AcknowledgedAsync(0, 1, 2);
        Note(clients, "mended");
    });

    private static async Task RunAsync(Func<CuttableNetwork, List<SiloProcess>, StubbornClients, Task> disturb)
    {
        await using var network = await CuttableNetwork.CreateAsync([Database, .. s_machines]);
        await using var postgres = await PostgresCluster.StartAsync(network.NamespaceOf(Database), network.AddressOf(Database));
        using var data = new TemporaryFolder();
        await using var source = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync() + ";Pooling=false");
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString) { Host = network.AddressOf(Database), Pooling = true, MaxPoolSize = 12 };
        var silos = new List<SiloProcess>();
        try
        {
            silos.AddRange(await Task.WhenAll(s_machines.Select(machine =>
                SiloProcess.StartInNetworkAsync(data.File(machine), settings.ConnectionString, network.NamespaceOf(machine)))));
            var clients = new StubbornClients(silos);
            await clients.PrepareAsync(6);
            using var stop = new CancellationTokenSource();
            var running = clients.RunAsync(stop.Token);
            var disturbing = disturb(network, silos, clients);
            await Task.WhenAny(running, disturbing);
            if (running.IsFaulted)
                await running;
            await disturbing;
            await stop.CancelAsync();
            await running;
            await clients.CheckAsync();
            await CheckAsync(source);
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

    /// <summary>Each event of a room follows the one before it: each is one deeper, in the order of the stream.</summary>
    private static async Task CheckAsync(NpgsqlDataSource database)
    {
        await using var forks = database.CreateCommand("""
            SELECT count(*) FILTER (WHERE depth <> n) + count(*) FILTER (WHERE anchor IS NULL OR status <> 0) FROM
              (SELECT depth, anchor, status, row_number() OVER (PARTITION BY room_id ORDER BY anchor, minor) AS n FROM events) AS numbered
            """);
        Assert.Equal(0L, await forks.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    private static void Note(StubbornClients clients, string when) => TestContext.Current.TestOutputHelper?.WriteLine(
        $"{clients.Elapsed.TotalSeconds:F1} s, {when}: {clients.Acknowledged} messages, {clients.Refused} times 503, " +
        $"the longest request {clients.TakeLongest().TotalSeconds:F1} s");
}
