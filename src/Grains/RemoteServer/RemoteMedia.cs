using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Grains.Media;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Downloads media from the server that has it (S-S API, Content Repository).</summary>
internal sealed class RemoteMedia(RemoteApi api, IMediaContent content, TimeProvider time) : IRemoteMedia, IDisposable
{
    private const int MaxBytes = 50 * 1024 * 1024;
    private const int MaxBoundary = 70;
    private const int MaxFileName = 255;
    private const int ChunkBytes = 64 * 1024;

    // Below the patience of the call that waits for it.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(25);

    // Of all servers together. What is fetched passes through to the disk, so that this bounds the disk's work and the connections.
    private const int MostFetches = 16;

    private readonly SemaphoreSlim _places = new(MostFetches);

    public async Task<MediaRow?> FetchAsync(string serverName, string mediaId)
    {
        if (!await _places.WaitAsync(s_patience))
            return null;
        try
        {
            MediaRow? row = null;
            var target = $"/_matrix/federation/v1/media/download/{Uri.EscapeDataString(mediaId)}";
            await api.DownloadAsync(
                serverName, target, s_patience, MaxBytes, async (body, stop) => row = await ReadAsync(serverName, mediaId, body, stop));
            return row;
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private async Task<MediaRow?> ReadAsync(string serverName, string mediaId, Stream body, CancellationToken stop)
    {
        var start = new byte[MaxBoundary + 8];
        var read = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, stop);
        if (BoundaryOf(start.AsSpan(0, read)) is not { } boundary)
            return null;
        try
        {
            await using var whole = new StartedStream(start.AsMemory(0, read), body);
            var parts = new MultipartReader(boundary, whole);

            // The first part is JSON with the metadata, of which there are none yet.
            if (await parts.ReadNextSectionAsync(stop) is null || await parts.ReadNextSectionAsync(stop) is not { } part ||
                part.Headers?.ContainsKey(HeaderNames.Location) == true)
                return null;
            return await StoreAsync(serverName, mediaId, part, stop);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private async Task<MediaRow> StoreAsync(string serverName, string mediaId, MultipartSection part, CancellationToken stop)
    {
        await using var writer = content.Create();
        var buffer = new byte[ChunkBytes];
        long size = 0;
        int read;
        while ((read = await part.Body.ReadAsync(buffer, stop)) > 0)
        {
            await writer.WriteAsync(buffer.AsMemory(0, read), stop);
            size += read;
        }

        var sha256 = await writer.CompleteAsync();
        var fileName = ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition)
            ? HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).Value
            : null;
        if (fileName is { Length: > MaxFileName } || fileName?.Any(char.IsControl) == true)
            fileName = null;
        return new MediaRow(
            serverName, mediaId, null, MediaInfo.ContentTypeOf(part.ContentType), fileName, size, sha256, time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    // The body begins with the boundary; the header that names it says nothing more.
    private static string? BoundaryOf(ReadOnlySpan<byte> body)
    {
        if (body.StartsWith("\r\n"u8))
            body = body[2..];
        var end = body.IndexOf((byte)'\n');
        if (!body.StartsWith("--"u8) || end < 3 || end > MaxBoundary + 4)
            return null;
        return Encoding.ASCII.GetString(body[2..end]).TrimEnd('\r', ' ', '\t');
    }
}
