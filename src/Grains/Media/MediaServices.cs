using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansMatrix.Grains.Abstractions.Media;

namespace OrleansMatrix.Grains.Media;

/// <summary>What the grains of this folder need from dependency injection.</summary>
public static class MediaServices
{
    /// <summary>Registers it; whoever registers an <see cref="IRemoteMedia"/> before is kept.</summary>
    public static IServiceCollection AddMedia(this IServiceCollection services)
    {
        services.AddSingleton<MediaFolder>();
        services.AddSingleton<Thumbnailer>();
        services.AddSingleton<IMediaContent, MediaContent>();
        services.TryAddSingleton<IRemoteMedia, UnreachableMedia>();
        return services;
    }
}
