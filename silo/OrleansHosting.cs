using System.Data.Common;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;
using Orleans.Storage;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Silo.Native;

namespace OrleansMatrix.Silo;

/// <summary>
/// Hosts the grains on Microsoft Orleans. With a PostgreSQL database, silos find each other in it; without, this is a cluster of one silo that talks to nobody
/// and opens no port.
/// </summary>
internal static class OrleansHosting
{
    /// <summary>The name of PostgreSQL's driver among Orleans' providers.</summary>
    public const string Invariant = "Npgsql";

    // Of Orleans' own providers together: the members are asked for once in some seconds, reminders and grain state seldom.
    private const int OwnConnections = 3;

    // Its cache of where grains are takes 32 bytes for each place from the start; the default is a million places.
    private const int CachedPlaces = 50_000;

    // Of a silo that listens to nobody: only a name for itself.
    private const int UnusedPort = 11111;

    /// <summary>Adds the silo to the server's host. What the grains need is registered by itself.</summary>
    public static void Add(WebApplicationBuilder builder, MatrixSettings settings) => builder.UseOrleans(silo =>
    {
        silo.Services.AddNative();

        // The first that knows an interface is the one that is asked.
        silo.Services.Insert(0, ServiceDescriptor.Singleton<IGrainInterfaceTypeProvider, GrainInterfaceTypes>());
        StartCosts.PutOff(silo.Services);

        // One cluster per homeserver: silos of another server name on the same database are another service.
        silo.Configure<ClusterOptions>(options => options.ServiceId = options.ClusterId = settings.ServerName.Value);
        Telemetry.Propagate(silo, settings.Telemetry);
        Dashboard.Add(silo, settings);

        // Grains that nobody used for longest make room before the memory limit is reached.
        silo.Configure<GrainCollectionOptions>(static options => options.EnableActivationSheddingOnMemoryPressure = true);
        silo.Configure<GrainDirectoryOptions>(static options => options.CacheSize = CachedPlaces);
        if (settings.Database.Length == 0)
            AddAlone(silo);
        else
            AddClustered(silo, settings);
    });

    private static void AddAlone(ISiloBuilder silo)
    {
        silo.UseLocalhostClustering(UnusedPort, gatewayPort: 0);
        StartCosts.AllowAllTypes(silo.Services);
        silo.UseStoredPersistence();
        foreach (var listener in silo.Services.Where(static s => s.ServiceType == typeof(IConnectionListenerFactory) && s.IsKeyedService).ToList())
        {
            silo.Services.Remove(listener);
            silo.Services.AddKeyedSingleton<IConnectionListenerFactory, DeafListener>(listener.ServiceKey);
        }
    }

    /// <summary>The database's connection string for Orleans' own providers, which together hold so many connections at most.</summary>
    /// <exception cref="SettingsException">It is none.</exception>
    public static string ConnectionOf(MatrixSettings settings, int connections)
    {
        var database = Parse(settings.Database);
        database["Maximum Pool Size"] = connections;
        return database.ConnectionString;
    }

    private static DbConnectionStringBuilder Parse(string database)
    {
        try
        {
            return new DbConnectionStringBuilder { ConnectionString = database };
        }
        catch (ArgumentException fault)
        {
            throw new SettingsException("Matrix:Database", fault.Message);
        }
    }

    private static void AddClustered(ISiloBuilder silo, MatrixSettings settings)
    {
        var address = settings.Cluster.Address ?? SiloAddresses.TowardsDatabase(Parse(settings.Database));
        var port = settings.Cluster.SiloPort is > 0 and var given ? given : SiloAddresses.FreePort();
        SiloAddresses.Check("SiloPort", address, port);
        if (settings.Cluster.GatewayPort > 0)
            SiloAddresses.Check("GatewayPort", address, settings.Cluster.GatewayPort);
        silo.ConfigureEndpoints(address, port, settings.Cluster.GatewayPort);
        if (settings.Cluster.Tls is { } tls)
            silo.UseTls(ClusterTls.Read(tls, settings.ServerName.Value).Apply);
        silo.Configure<ClusterMembershipOptions>(NoticeDeathSoon);
        var database = ConnectionOf(settings, OwnConnections);
        silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Invariant, database));
        silo.UseAdoNetReminderService(options => (options.Invariant, options.ConnectionString) = (Invariant, database));
        silo.Services.AddSingleton<OrleansGrainStorageSerializer>();
        silo.AddAdoNetGrainStorageAsDefault(options => options.Configure<OrleansGrainStorageSerializer>((state, serializer) =>
        {
            (state.Invariant, state.ConnectionString, state.DeleteStateOnClear) = (Invariant, database, true);
            state.GrainStorageSerializer = serializer;
        }));
    }

    /// <summary>
    /// A silo that does not answer for two seconds is given up (ADR 0081): with Orleans' own values its rooms were away for eight to thirteen. A third silo,
    /// where there is one, is asked to look too, so that one bad connection ends nobody.
    /// </summary>
    private static void NoticeDeathSoon(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromSeconds(1);
        options.NumMissedProbesLimit = 2;

        // What gossip does not tell is seen in the database.
        options.TableRefreshTimeout = TimeSpan.FromSeconds(10);
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
        options.DefunctSiloExpiration = TimeSpan.FromDays(1);
    }

    /// <summary>Accepts no connection: whoever could reach a silo's port could call every grain.</summary>
    private sealed class DeafListener : IConnectionListenerFactory
    {
        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(new Unbound(endpoint));

        private sealed class Unbound(EndPoint endpoint) : IConnectionListener
        {
            private readonly TaskCompletionSource<ConnectionContext?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

            public EndPoint EndPoint => endpoint;

            public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
                await _ended.Task.WaitAsync(cancellationToken);

            public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
            {
                _ended.TrySetResult(null);
                return ValueTask.CompletedTask;
            }

            public ValueTask DisposeAsync() => UnbindAsync(CancellationToken.None);
        }
    }
}
