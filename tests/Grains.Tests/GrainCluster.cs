using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using OrleansMatrix.Federation;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Housekeeping;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests;

/// <summary>
/// Silos of Orleans' test cluster with all grains of the server <c>local</c>, over one storage. Two clusters over one storage stand for a split one.
/// </summary>
internal static class GrainCluster
{
    /// <param name="servers">Answers in place of the other servers; without it they are asked for real, and not at private addresses.</param>
    /// <param name="wakes">Silos wake what has work in storage.</param>
    /// <param name="sessions">What each silo's gateway remembers of sessions.</param>
    public static async Task<InProcessTestCluster> StartAsync(
        short silos, string folder, TimeProvider clock, IStorage storage, FakeServers? servers = null, FederationSettings? federation = null,
        bool wakes = false, Func<ISessionCache>? sessions = null)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.Options.ConfigureFileLogging = false;
        var cluster = builder
            .ConfigureSilo((_, silo) =>
            {
                silo.UseStoredPersistence();
                if (wakes)
                    silo.Services.AddHousekeeping();
            })
            .ConfigureSiloHost((_, host) =>
            {
                host.Services
                    .AddSingleton(clock)
                    .AddSingleton(new MatrixSettings
                    {
                        ServerName = ServerName.Parse("local"),
                        DataDirectory = folder,
                        Federation = federation
                    ?? new FederationSettings()
                    })
                    .AddSingleton<IRandom, SystemRandom>()
                    .AddSingleton(storage)
                    .AddSingleton(new LocalServer(ServerName.Parse("local"), LocalKey))
                    .AddFederation(allowPrivateAddresses: false, AllowedServers.Open)
                    .AddMatrixGrains();
                if (sessions is not null)
                    host.Services.AddSingleton(sessions());
                if (servers is not null)
                    host.Services.AddHttpClient(OutboundConnections.Federation).ConfigurePrimaryHttpMessageHandler(() => servers);
            })
            .Build();
        await cluster.DeployAsync();
        return cluster;
    }

    /// <summary>The silo that has the grain's activation; null if none has.</summary>
    public static InProcessSiloHandle? SiloOf(this InProcessTestCluster cluster, IAddressable grain) =>
        cluster.TryGetGrainContext(grain.GetGrainId(), out var context) ? cluster.GetSiloForAddress(context.Address.SiloAddress!) : null;
}
