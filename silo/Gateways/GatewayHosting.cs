using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Messaging;
using OrleansMatrix.Federation;
using OrleansMatrix.Grains;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Silo.Native;

namespace OrleansMatrix.Silo.Gateways;

/// <summary>
/// Hosts a gateway that is no silo (ADR 0092): an Orleans client, which reads the list of silos from the database and nothing else.
/// </summary>
internal static class GatewayHosting
{
    // For the list of silos.
    private const int OwnConnections = 1;

    /// <summary>How soon it sees that a silo has come, or is gone.</summary>
    private static readonly TimeSpan s_refresh = TimeSpan.FromSeconds(1);

    /// <summary>Adds the client, and what the endpoints need that silos have by themselves.</summary>
    public static void Add(WebApplicationBuilder builder, MatrixSettings settings)
    {
        builder.Services
            .AddSingleton(new LocalServer(settings.ServerName, static OwnKeys () => throw new InvalidOperationException("a gateway has no signing key"), TimeProvider.System))
            .AddSingleton(new AllowedServers(settings.Federation.Allow, settings.Federation.Deny))
            .AddSingleton<LostSilos>()
            .AddSingleton<ICondition, GatewayCondition>()
            .AddMatrixGrainsOfSilos();
        builder.UseOrleansClient(client =>
        {
            client.Services.AddNative();
            client.Services.Insert(0, ServiceDescriptor.Singleton<IGrainInterfaceTypeProvider, GrainInterfaceTypes>());
            StartCosts.PutOff(client.Services);
            client.Configure<ClusterOptions>(options => options.ServiceId = options.ClusterId = settings.ServerName.Value);
            client.Configure<GatewayOptions>(static options => options.GatewayListRefreshPeriod = s_refresh);
            if (settings.Telemetry.OtlpEndpoint is not null)
                client.AddActivityPropagation();
            var database = OrleansHosting.ConnectionOf(settings, OwnConnections);
            client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (OrleansHosting.Invariant, database));
            if (settings.Cluster.Tls is { } tls)
                client.UseTls(ClusterTls.Read(tls, settings.ServerName.Value).Apply);
            Watch(client.Services);
            client.UseConnectionRetryFilter<SiloWait>();
            client.AddOutgoingGrainCallFilter<LostCallFilter>();
        });
    }

    private static void Watch(IServiceCollection services)
    {
        var inner = services.Last(static service => service.ServiceType == typeof(IGatewayListProvider)).ImplementationType!;
        services.Replace(ServiceDescriptor.Singleton<IGatewayListProvider>(
            provider => new WatchedGateways(Make(provider, inner), provider.GetRequiredService<LostSilos>())));
    }

    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage(
        "Trimming", "IL2067", Justification = "Orleans registers the type by a generic method that keeps its constructors.")]
    private static IGatewayListProvider Make(IServiceProvider provider, Type type) => (IGatewayListProvider)ActivatorUtilities.CreateInstance(provider, type);
}
