using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>What the grains of this folder need from dependency injection.</summary>
public static class DirectoryServices
{
    /// <summary>Registers it; whoever registers an <see cref="IRemoteDirectory"/> or the state node cache before is kept.</summary>
    public static IServiceCollection AddDirectory(this IServiceCollection services)
    {
        services.TryAddSingleton(static provider => new StateNodeCache(provider.GetRequiredService<IStorage>().StateNodes));
        services.TryAddSingleton<IRemoteDirectory, UnreachableDirectory>();
        services.TryAddSingleton<CurrentState>();
        return services;
    }
}
