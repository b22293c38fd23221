using Microsoft.Extensions.DependencyInjection;
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
        .AddSingleton<Passwords>()
        .AddRemoteServers()
        .AddDevices()
        .AddDirectory()
        .AddMedia()
        .AddRooms()
        .AddReadSide();
}
