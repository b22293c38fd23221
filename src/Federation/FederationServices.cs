using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Protocol.Acl;

namespace OrleansMatrix.Federation;

/// <summary>Registers what requests to other servers need; <see cref="LocalServer"/>, time and randomness come from the silo.</summary>
public static class FederationServices
{
    /// <summary>Adds the clients.</summary>
    /// <param name="allowPrivateAddresses">Requests may reach private addresses.</param>
    /// <param name="policy">The servers to talk to.</param>
    public static IServiceCollection AddFederation(this IServiceCollection services, bool allowPrivateAddresses, AllowedServers policy)
    {
        services
            .AddSingleton(policy)
            .AddSingleton(new AddressPolicy(allowPrivateAddresses))
            .AddSingleton<OutboundConnections>()
            .AddSingleton<IWellKnownClient, WellKnownClient>()
            .AddSingleton<ISrvLookup>(static _ => new SrvClient(SrvClient.SystemOptions()))
            .AddSingleton<ServerResolver>()
            .AddSingleton<FederationClient>()
            .AddSingleton<LocationClient>()
            .AddSingleton<PushGatewayClient>();
        foreach (var client in new[] { OutboundConnections.Federation, OutboundConnections.WellKnown, OutboundConnections.Locations, OutboundConnections.Push })
        {
            services.AddHttpClient(client)
                .ConfigurePrimaryHttpMessageHandler(provider => provider.GetRequiredService<OutboundConnections>().CreateHandler(client))
                .RemoveAllLoggers();
        }

        return services;
    }
}
