using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Media;

/// <summary>Serves media and thumbnails.</summary>
/// <param name="forServers">To other servers: only this server's own media, as <c>multipart/mixed</c>.</param>
/// <param name="hasToken">Whoever asks has proven who it is.</param>
internal sealed class MediaDownload(IMediaContent content, bool forServers = false, bool hasToken = true)
{
    private const long DefaultWaitMs = 20_000;

    /// <summary>The server name and media id of the path, both safe to use.</summary>
    public static (string ServerName, string MediaId) ReadId(MatrixRequest request)
    {
        var server = request.Route("serverName");
        var mediaId = request.Route("mediaId");
        if (!ServerName.IsValid(server) || !MxcUri.IsValidMediaId(mediaId))
            request.Fail(MatrixError.NotFound("No such media"));
        return (server, mediaId);
    }

    private static (string ServerName, string MediaId) ReadOwnId(MatrixRequest request)
    {
        var mediaId = request.Route("mediaId");
        if (!MxcUri.IsValidMediaId(mediaId))
            request.Fail(MatrixError.NotFound("No such media"));
        return (request.Settings.ServerName.Value, mediaId);
    }

    public async ValueTask<MatrixResponse> GetAsync(MatrixRequest request, bool hasFileName)
    {
        var outcome = await FindAsync(request, static (grain, wait, allowRemote, hasToken) => grain.Open(wait, allowRemote, hasToken));
        if (!outcome.TryGet(out var media, out var error))
            return error;
        if (hasFileName)
            media = media with { FileName = request.Route("fileName") };
        if (request.Error is { } wrong)
            return wrong;
        if (media.Fetch is not null)
            return await FollowedMedia.SendAsync(GrainOf(request), content, media, request.Http.RequestAborted);
        return await content.OpenAsync(media.Sha256!) is { } stream ? Send(request, stream, media.ContentType, media.FileName)
            : MatrixError.NotFound("No such media");
    }

    public async ValueTask<MatrixResponse> GetThumbnailAsync(MatrixRequest request)
    {
        request.RequiredQuery("width");
        request.RequiredQuery("height");
        var width = (int)request.QueryInteger("width", 0, min: 1, max: 10_000);
        var height = (int)request.QueryInteger("height", 0, min: 1, max: 10_000);
        var method = request.Query("method") ?? "scale";
        if (method is not ("crop" or "scale"))
            request.Fail(MatrixError.InvalidParam("'method' must be crop or scale"));
        request.QueryBool("animated");
        var outcome = await FindAsync(request, static (grain, wait, allowRemote, hasToken) => grain.Get(wait, allowRemote, hasToken));
        if (outcome.Error is { } error)
            return error;
        var thumbnail = await content.GetThumbnailAsync(outcome.Value, new ThumbnailSize(width, height, method == "crop"));
        if (thumbnail.Error is { } failed)
            return failed;
        var (stream, contentType) = thumbnail.Value;
        return Send(request, stream, contentType, $"thumbnail.{contentType[(contentType.IndexOf('/', StringComparison.Ordinal) + 1)..]}");
    }

    private async ValueTask<Outcome<T>> FindAsync<T>(MatrixRequest request, Func<IMediaGrain, long, bool, bool, Task<Outcome<T>>> find)
    {
        var grain = GrainOf(request);
        var wait = request.QueryInteger("timeout_ms", DefaultWaitMs);
        var allowRemote = !forServers && request.QueryBool("allow_remote", fallback: true);
        request.QueryBool("allow_redirect");
        return request.Error is { } error ? error : await find(grain, wait, allowRemote, hasToken);
    }

    private IMediaGrain GrainOf(MatrixRequest request)
    {
        var (server, mediaId) = forServers ? ReadOwnId(request) : ReadId(request);
        return request.Grain<IMediaGrain>(IMediaGrain.KeyOf(server, mediaId));
    }

    private MatrixResponse Send(MatrixRequest request, Stream stream, string contentType, string? fileName) => MatrixResponse.Stream(async response =>
    {
        await using (stream)
        {
            if (forServers)
            {
                await MultipartContent.WriteAsync(response, stream, contentType, fileName, request.Random);
                return;
            }

            ContentHeaders.Write(response, contentType, fileName, stream.Length);
            await stream.CopyToAsync(response.Body, response.HttpContext.RequestAborted);
        }
    });
}
