using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Media;

/// <summary>content-repo.yaml: uploads, and the older downloads without a token.</summary>
internal static class ContentRepo
{
    private const int MediaIdLength = 24;
    private const string Base = "/_matrix/media/v3/";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        var content = services.GetRequiredService<IMediaContent>();
        var upload = new MediaUpload(content);
        var download = new MediaDownload(content, hasToken: false);
        var options = EndpointOptions.User.Limited(RateClass.Media) with { RefuseSuspended = true };
        var uploadOptions = options with { MaxBody = services.GetRequiredService<MatrixSettings>().Media.MaxUploadBytes };
        routes.MapMatrixPost(Base + "upload", request => upload.PostAsync(request, NewMediaId(request)), uploadOptions);
        routes.MapMatrixPut(Base + "upload/{serverName}/{mediaId}", upload.PutAsync, uploadOptions);
        routes.MapMatrixPost("/_matrix/media/v1/create", CreateAsync, options);

        var open = EndpointOptions.Anonymous.Limited(RateClass.Media);
        routes.MapMatrixGet(Base + "download/{serverName}/{mediaId}", request => download.GetAsync(request, hasFileName: false), open);
        routes.MapMatrixGet(Base + "download/{serverName}/{mediaId}/{fileName}", request => download.GetAsync(request, hasFileName: true), open);
        routes.MapMatrixGet(Base + "thumbnail/{serverName}/{mediaId}", download.GetThumbnailAsync, open);
        routes.MapMatrixGet(Base + "config", GetConfig, EndpointOptions.Guest.Limited(RateClass.Media));
    }

    public static ValueTask<MatrixResponse> GetConfig(MatrixRequest request) => ValueTask.FromResult(
        MatrixResponse.Object(writer => writer.WriteNumber("m.upload.size"u8, request.Settings.Media.MaxUploadBytes)));

    private static string NewMediaId(MatrixRequest request) => RandomText.Base62(request.Random, MediaIdLength);

    private static async ValueTask<MatrixResponse> CreateAsync(MatrixRequest request)
    {
        var server = request.Settings.ServerName;
        var mediaId = NewMediaId(request);
        var expires = await request.Grain<IMediaGrain>(IMediaGrain.KeyOf(server.Value, mediaId)).Reserve(request.Requester.UserId);
        return MatrixResponse.From(expires, (writer, at) =>
        {
            writer.WriteString("content_uri"u8, MxcUri.Create(server, mediaId).Value);
            writer.WriteNumber("unused_expires_at"u8, at);
        });
    }
}
