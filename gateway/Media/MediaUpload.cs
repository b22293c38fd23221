using System.Buffers;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Media;

/// <summary>Stores request bodies as media, a chunk at a time.</summary>
internal sealed class MediaUpload(IMediaContent content)
{
    private const int ChunkSize = 64 * 1024;
    private const int MaxNameLength = 255;

    /// <summary>Stores the body under a new id.</summary>
    public async ValueTask<MatrixResponse> PostAsync(MatrixRequest request, string mediaId)
    {
        if (await StoreAsync(request, mediaId, reserved: false) is { } refused)
            return refused;
        return MatrixResponse.Object(
            writer => writer.WriteString("content_uri"u8, MxcUri.Create(request.Settings.ServerName, mediaId).Value));
    }

    /// <summary>Stores the body under an id that was created before.</summary>
    public async ValueTask<MatrixResponse> PutAsync(MatrixRequest request)
    {
        var (server, mediaId) = MediaDownload.ReadId(request);
        if (request.Error is null && server != request.Settings.ServerName.Value)
            request.Fail(MatrixError.Forbidden("Media IDs of other servers cannot be uploaded here"));
        if (request.Error is { } error)
            return error;
        var grain = request.Grain<IMediaGrain>(IMediaGrain.KeyOf(server, mediaId));
        if ((await grain.CheckUpload(request.Requester.UserId)).Error is { } refused)
            return refused;
        return await StoreAsync(request, mediaId, reserved: true) ?? MatrixResponse.Empty;
    }

    // Null, or why not.
    private async ValueTask<MatrixError?> StoreAsync(MatrixRequest request, string mediaId, bool reserved)
    {
        var fileName = request.Query("filename");
        if (fileName is { Length: > MaxNameLength })
            request.Fail(MatrixError.InvalidParam($"'filename' has more than {MaxNameLength} characters"));
        if (request.Error is { } error)
            return error;
        await using var writer = content.Create();
        var copied = await CopyAsync(request.Http, writer, request.Settings.Media.MaxUploadBytes);
        if (copied is not { } size)
            return MatrixError.TooLarge();
        var info = new MediaInfo(
            await writer.CompleteAsync(), size, MediaInfo.ContentTypeOf(request.Http.Request.ContentType), string.IsNullOrEmpty(fileName) ? null : fileName);
        var grain = request.Grain<IMediaGrain>(IMediaGrain.KeyOf(request.Settings.ServerName.Value, mediaId));
        return (await grain.Complete(request.Requester.UserId, info, reserved)).Error;
    }

    // The body's length; null if it is over the limit.
    private static async ValueTask<long?> CopyAsync(HttpContext http, IMediaWriter writer, long limit)
    {
        if (http.Request.ContentLength > limit)
            return null;
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            var size = 0L;
            while (true)
            {
                var read = await http.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, http.RequestAborted);
                if (read == 0)
                    return size;
                size += read;
                if (size > limit)
                    return null;
                await writer.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
