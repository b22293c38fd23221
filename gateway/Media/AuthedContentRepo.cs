using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Media;

namespace OrleansMatrix.Gateway.Media;

/// <summary>authed-content-repo.yaml: downloads for users with an access token.</summary>
internal static class AuthedContentRepo
{
    private const string Base = "/_matrix/client/v1/media/";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var download = new MediaDownload(routes.ServiceProvider.GetRequiredService<IMediaContent>());
        var options = EndpointOptions.Guest.Limited(RateClass.Media);
        routes.MapMatrixGet(Base + "download/{serverName}/{mediaId}", request => download.GetAsync(request, hasFileName: false), options);
        routes.MapMatrixGet(Base + "download/{serverName}/{mediaId}/{fileName}", request => download.GetAsync(request, hasFileName: true), options);
        routes.MapMatrixGet(Base + "thumbnail/{serverName}/{mediaId}", download.GetThumbnailAsync, options);
        routes.MapMatrixGet(Base + "config", ContentRepo.GetConfig, options);
    }
}
