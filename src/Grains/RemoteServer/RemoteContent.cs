using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Grains.Media;
using OrleansMatrix.Protocol.Errors;
using ContentDisposition = Microsoft.Net.Http.Headers.ContentDispositionHeaderValue;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Content of another server that is stored here.</summary>
internal sealed record StoredContent(string Sha256, long Size, string ContentType, string? FileName);

/// <summary>Reads and stores the content of media as another server sends it.</summary>
/// <param name="fetch">Is told what has come.</param>
internal sealed class RemoteContent(IMediaContent contents, MediaFetch fetch)
{
    /// <summary>The most that is read of an answer, in bytes.</summary>
    public const int MaxBytes = 50 * 1024 * 1024;

    private const int MaxBoundary = 70;
    private const int MaxFileName = 255;
    private const int ChunkBytes = 64 * 1024;
    private static readonly MatrixError s_notThere = MatrixError.NotFound("No such media");

    // C-S API, GET /download: "The content is too large for the server to serve."
    private static readonly MatrixError s_tooLarge = new(ErrCodes.TooLarge, 502, "The media of the other server is too large");

    /// <summary>What was stored; an error if there was nothing, or it is too large, or not what its headers say: then nothing is stored.</summary>
    public Outcome<StoredContent> Stored { get; private set; } = s_notThere;

    /// <summary>Where the content is instead.</summary>
    public Uri? Location { get; private set; }

    /// <summary>Reads the answer of the server-server API: a part of metadata, and a part that is the content or says where that is.</summary>
    public async Task ReadPartsAsync(HttpContentHeaders headers, Stream body, CancellationToken stop) =>
        Stored = headers.ContentLength > MaxBytes ? s_tooLarge : await ReadPartsAsync(body, stop);

    /// <summary>Reads an answer that is the content itself.</summary>
    public async Task ReadAsync(HttpContentHeaders headers, Stream body, CancellationToken stop) => Stored = await StoreAsync(
        body, headers.ContentLength, headers.ContentType?.ToString(), headers.ContentDisposition?.ToString(), stop);

    private async Task<Outcome<StoredContent>> ReadPartsAsync(Stream body, CancellationToken stop)
    {
        var start = new byte[MaxBoundary + 8];
        var read = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, stop);
        if (BoundaryOf(start.AsSpan(0, read)) is not { } boundary)
            return s_notThere;
        try
        {
            await using var whole = new StartedStream(start.AsMemory(0, read), body);
            var parts = new MultipartReader(boundary, whole);

            // The first part is JSON with the metadata, of which there are none yet.
            if (await parts.ReadNextSectionAsync(stop) is null || await parts.ReadNextSectionAsync(stop) is not { } part)
                return s_notThere;
            if (HeaderOf(part, HeaderNames.Location) is { } location)
            {
                Location = Uri.TryCreate(location, UriKind.Absolute, out var url) ? url : null;
                return s_notThere;
            }

            long? length = null;
            if (HeaderOf(part, HeaderNames.ContentLength) is { } said)
            {
                if (!long.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var given))
                    return s_notThere;
                length = given;
            }

            return await StoreAsync(part.Body, length, part.ContentType, part.ContentDisposition, stop);
        }
        catch (InvalidDataException)
        {
            return s_notThere;
        }
    }

    private static string? HeaderOf(MultipartSection part, string name) =>
        part.Headers is { } headers && headers.TryGetValue(name, out var value) ? value.ToString() : null;

    private async Task<Outcome<StoredContent>> StoreAsync(Stream body, long? length, string? contentType, string? disposition, CancellationToken stop)
    {
        if (length > MaxBytes)
            return s_tooLarge;
        var (type, fileName) = (MediaInfo.ContentTypeOf(contentType), FileNameOf(disposition));
        await using var writer = contents.Create();
        fetch.Begin(writer, type, fileName, length);
        var buffer = new byte[ChunkBytes];
        long size = 0;
        int read;
        while ((read = await body.ReadAsync(buffer, stop)) > 0)
        {
            size += read;
            if (size > length)
                return s_notThere;
            await writer.WriteAsync(buffer.AsMemory(0, read), stop);
            fetch.Grow(size);
        }

        return size < length ? s_notThere : new StoredContent(await writer.CompleteAsync(), size, type, fileName);
    }

    private static string? FileNameOf(string? disposition)
    {
        if (!ContentDisposition.TryParse(disposition, out var parsed))
            return null;
        var name = HeaderUtilities.RemoveQuotes(parsed.FileNameStar.HasValue ? parsed.FileNameStar : parsed.FileName).Value;
        return name is { Length: > MaxFileName } || name?.Any(char.IsControl) == true ? null : name;
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
