using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>What the grains of this folder need from dependency injection.</summary>
public static class MediaServices
{
    /// <summary>Registers it.</summary>
    public static IServiceCollection AddMedia(this IServiceCollection services) => services
        .AddSingleton<TemporaryFiles>()
        .AddSingleton(static provider => provider.GetRequiredService<IStorage>().Contents is { } store && !IsInFolder(provider)
            ? new PieceContents(store, provider.GetRequiredService<IRandom>(), provider.GetRequiredService<TimeProvider>())
            : (IContents)ActivatorUtilities.CreateInstance<MediaFolder>(provider))
        .AddSingleton<IThumbnails, Thumbnailer>()
        .AddSingleton<IMediaContent, MediaContent>();

    private static bool IsInFolder(IServiceProvider provider) => provider.GetRequiredService<MatrixSettings>().Media.Folder is not null;
}
