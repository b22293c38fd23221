using System.Buffers;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Media;

/// <summary>
/// Makes thumbnails with <c>vipsthumbnail</c> in a process of its own, some at a time, and keeps them: of images that are small enough already too, since a
/// header can lie about what follows it. Without that program small images are their own thumbnails.
/// </summary>
internal sealed class Thumbnailer(IContents contents, TemporaryFiles temporary, TimeProvider time, ILogger<Thumbnailer> logger) : IThumbnails, IDisposable
{
    private const long MaxPixels = 100_000_000;
    private const long MaxOriginal = 1024 * 1024;
    private const int MaxWaiting = 64;
    private static readonly MatrixError s_cannot = MatrixError.Unknown("Cannot generate thumbnails for the requested content");

    // The sizes that the specification names (C-S API, Thumbnails): a request gets the next larger one, so that their number is bounded.
    private static readonly ThumbnailSize[] s_sizes =
        [new(32, 32, true), new(96, 96, true), new(320, 240, true), new(640, 480, true), new(800, 600, true), new(320, 240, false), new(640, 480, false),
            new(800, 600, false)];

    private readonly SemaphoreSlim _workers = new(2);
    private readonly VipsProcess? _vips = VipsProcess.Find(time);
    private int _waiting;

    /// <inheritdoc/>
    public async Task<Outcome<FoundThumbnail>> GetAsync(MediaInfo media, ThumbnailSize wanted)
    {
        if (await contents.OpenAsync(media.Sha256) is not { } original)
            return MatrixError.NotFound("No such media");
        if (await ReadHeaderAsync(original) is not { } header)
            return s_cannot;
        var size = Choose(wanted);
        if (header.Pixels > MaxPixels)
            return MatrixError.TooLarge("Content is too large to thumbnail");
        if (_vips is null)
            return header.IsPlausible(media.Size) && media.Size <= MaxOriginal ? new FoundThumbnail(media.Sha256, header.ContentType) : s_cannot;
        var isJpeg = header.Format == ImageFormat.Jpeg;
        return await GetAsync(media.Sha256, size, isJpeg ? ".jpg" : ".png", isJpeg ? "image/jpeg" : "image/png");
    }

    /// <inheritdoc/>
    public void Dispose() => _workers.Dispose();

    private static ThumbnailSize Choose(ThumbnailSize wanted)
    {
        foreach (var size in s_sizes)
        {
            if (size.Crop == wanted.Crop && size.Width >= wanted.Width && size.Height >= wanted.Height)
                return size;
        }

        return new(800, 600, wanted.Crop);
    }

    // Null: it is no image.
    private static async Task<ImageHeader?> ReadHeaderAsync(Stream original)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ImageHeader.Length);
        try
        {
            await using (original)
            {
                var read = await original.ReadAtLeastAsync(buffer.AsMemory(0, ImageHeader.Length), ImageHeader.Length, throwOnEndOfStream: false);
                return ImageHeader.TryRead(buffer.AsSpan(0, read), out var header) ? header : null;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<Outcome<FoundThumbnail>> GetAsync(string sha256, ThumbnailSize size, string extension, string contentType)
    {
        var name = $"{sha256}.{size.Width}x{size.Height}{(size.Crop ? "c" : "s")}{extension}";
        if (await IsThereAsync(name))
            return new FoundThumbnail(name, contentType);
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return MatrixError.LimitExceeded(1000, "Too many thumbnails are being made");
        }

        try
        {
            await _workers.WaitAsync();
            try
            {
                if (!await IsThereAsync(name) && !await MakeAsync(sha256, size, extension, name))
                    return s_cannot;
            }
            finally
            {
                _workers.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        return new FoundThumbnail(name, contentType);
    }

    private async Task<bool> IsThereAsync(string name)
    {
        if (await contents.OpenAsync(name) is not { } kept)
            return false;
        await kept.DisposeAsync();
        return true;
    }

    private async Task<bool> MakeAsync(string sha256, ThumbnailSize size, string extension, string name)
    {
        var (input, output) = (temporary.NewPath(), temporary.NewPath(extension));
        try
        {
            if (await contents.OpenAsync(sha256) is not { } original)
                return false;
            await using (original)
            {
                // The program wants a file.
                var file = (original as FileStream)?.Name ?? await CopyAsync(original, input);
                if (await _vips!.RunAsync(file, output, size) is { } problem)
                {
                    MediaLog.ThumbnailFailed(logger, sha256, problem);
                    return false;
                }
            }

            await KeepAsync(output, name);
            return true;
        }
        finally
        {
            File.Delete(input);
            File.Delete(output);
        }
    }

    private static async Task<string> CopyAsync(Stream original, string path)
    {
        await using var file = PrivateFiles.Create(path);
        await original.CopyToAsync(file);
        return path;
    }

    private async Task KeepAsync(string path, string name)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: true);
        await using var writer = contents.Create();
        var buffer = new byte[64 * 1024];
        while (await file.ReadAsync(buffer) is > 0 and var read)
            await writer.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
        await writer.CompleteAsync(name);
    }
}
