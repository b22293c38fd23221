using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Media;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Media;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>content_repository.yaml: this server's media for other servers.</summary>
internal static class ContentRepository
{
    private const string Base = "/_matrix/federation/v1/media/";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var download = new MediaDownload(routes.ServiceProvider.GetRequiredService<IMediaContent>(), forServers: true);
        routes.MapMatrixGet(Base + "download/{mediaId}", request => download.GetAsync(request, hasFileName: false), EndpointOptions.Server);
        routes.MapMatrixGet(Base + "thumbnail/{mediaId}", download.GetThumbnailAsync, EndpointOptions.Server);
    }
}
