using System.Net.Http.Headers;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Grains.Media;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Downloads media from the server that has it (S-S API, Content Repository).</summary>
internal sealed class RemoteMedia(RemoteApi api, IMediaContent contents, TimeProvider time) : IRemoteMedia, IDisposable
{
    // Of a whole download.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(25);

    // Of all servers together. What is fetched passes through to the disk, so that this bounds the disk's work and the connections.
    private const int MostFetches = 16;

    private static readonly MatrixError s_notThere = MatrixError.NotFound("No such media");
    private readonly SemaphoreSlim _places = new(MostFetches);

    public async Task<Outcome<MediaRow>> FetchAsync(string serverName, string mediaId, MediaFetch fetch, CancellationToken stop)
    {
        if (!await _places.WaitAsync(s_patience, stop))
            return s_notThere;
        try
        {
            return await DownloadAsync(serverName, mediaId, fetch, stop);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task<Outcome<MediaRow>> DownloadAsync(string serverName, string mediaId, MediaFetch fetch, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        var content = new RemoteContent(contents, fetch);
        var id = Uri.EscapeDataString(mediaId);
        var asked = await AskAsync($"/_matrix/federation/v1/media/download/{id}", sign: true, content.ReadPartsAsync);

        // "servers MUST try the endpoints described below before falling back to the deprecated /_matrix/media/* endpoints when they receive a 404
        // M_UNRECOGNIZED error. When falling back, servers MUST be sure to set allow_remote to false."
        if (asked.Error is { ErrCode: ErrCodes.Unrecognized })
        {
            asked = await AskAsync(
                $"/_matrix/media/v3/download/{Uri.EscapeDataString(serverName)}/{id}?allow_remote=false", sign: false, content.ReadAsync);
        }
        else if (content.Location is { } location)
        {
            asked = await api.DownloadAsync(serverName, location, Left(), RemoteContent.MaxBytes, content.ReadAsync, stop);
        }

        if (!asked.Ok)
            return s_notThere;
        return content.Stored.TryGet(out var media, out var error)
            ? new MediaRow(
                serverName, mediaId, null, media.ContentType, media.FileName, media.Size, media.Sha256, time.GetUtcNow().ToUnixTimeMilliseconds())
            : error;

        Task<Outcome<Nothing>> AskAsync(string target, bool sign, Func<HttpContentHeaders, Stream, CancellationToken, Task> read) =>
            api.DownloadAsync(serverName, target, Left(), RemoteContent.MaxBytes, read, sign, stop);

        TimeSpan Left() => s_patience - time.GetElapsedTime(began) is { Ticks: > 0 } left ? left : TimeSpan.Zero;
    }
}
