using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Grains.Abstractions.Media;

namespace OrleansMatrix.Grains.Media;

/// <summary>What the grains of this folder need from dependency injection.</summary>
public static class MediaServices
{
    /// <summary>Registers it.</summary>
    public static IServiceCollection AddMedia(this IServiceCollection services) =>
        services.AddSingleton<MediaFolder>().AddSingleton<Thumbnailer>().AddSingleton<IMediaContent, MediaContent>();
}
