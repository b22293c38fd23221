using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrleansMatrix.Grains.Device;

/// <summary>What the grains of this folder need from dependency injection.</summary>
public static class DeviceServices
{
    /// <summary>Registers it; whoever registers an <see cref="IRemoteUserKeys"/> before is kept.</summary>
    public static IServiceCollection AddDevices(this IServiceCollection services)
    {
        services.TryAddSingleton<IRemoteUserKeys, UnreachableUserKeys>();
        return services;
    }
}
