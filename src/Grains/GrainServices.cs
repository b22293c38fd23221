using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Account;
using OrleansMatrix.Grains.Device;
using OrleansMatrix.Grains.Directory;
using OrleansMatrix.Grains.Media;
using OrleansMatrix.Grains.RemoteServer;
using OrleansMatrix.Grains.Room;

namespace OrleansMatrix.Grains;

/// <summary>The services that grains share within a silo.</summary>
public static class GrainServices
{
    /// <summary>Registers them; storage, settings, time and randomness come from the silo.</summary>
    public static IServiceCollection AddMatrixGrains(this IServiceCollection services) => services
        .AddContracts()
        .AddOrleansClocks()
        .AddSingleton<Passwords>()
        .AddRemoteServers()
        .AddDevices()
        .AddDirectory()
        .AddMedia()
        .AddRooms()
        .AddReadSide();

    /// <summary>
    /// Grains and their timers go by the server's clock, which a test may hold still; what Orleans itself times (messages, membership, idle activations) goes by
    /// the real one.
    /// </summary>
    private static IServiceCollection AddOrleansClocks(this IServiceCollection services) => services
        .AddKeyedSingleton(KeyedService.AnyKey, TimeProvider.System)
        .AddKeyedSingleton(TimeProviderNames.Grains, static (provider, _) => provider.GetRequiredService<TimeProvider>());
}
