using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>What the grains of this folder need from dependency injection.</summary>
public static class MediaServices
{
    /// <summary>Registers it for a silo.</summary>
    public static IServiceCollection AddMedia(this IServiceCollection services) => services
        .AddContents(static provider => provider.GetRequiredService<IStorage>().Contents)
        .AddSingleton<IThumbnails, Thumbnailer>();

    /// <summary>Registers it for a gateway that is no silo.</summary>
    public static IServiceCollection AddMediaOfSilos(this IServiceCollection services) => services
        .AddSingleton<ContentOfSilos>()
        .AddContents(static provider => provider.GetRequiredService<ContentOfSilos>())
        .AddSingleton<IThumbnails>(static provider => FolderOf(provider) is null
            ? provider.GetRequiredService<ContentOfSilos>()
            : ActivatorUtilities.CreateInstance<Thumbnailer>(provider));

    private static IServiceCollection AddContents(this IServiceCollection services, Func<IServiceProvider, IContentPieces?> store) => services
        .AddSingleton<TemporaryFiles>()
        .AddSingleton(provider => FolderOf(provider) is null && store(provider) is { } pieces
            ? new PieceContents(pieces, provider.GetRequiredService<IRandom>(), provider.GetRequiredService<TimeProvider>())
            : (IContents)ActivatorUtilities.CreateInstance<MediaFolder>(provider))
        .AddSingleton<IMediaContent, MediaContent>();

    private static string? FolderOf(IServiceProvider provider) => provider.GetRequiredService<MatrixSettings>().Media.Folder;
}
