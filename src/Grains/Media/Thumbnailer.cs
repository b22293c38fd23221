using System.Buffers;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Media;

/// <summary>
/// Makes thumbnails with <c>vipsthumbnail</c> in a process of its own, some at a time, and keeps them. Without that program small images are their own
/// thumbnails.
/// </summary>
public sealed class Thumbnailer(MediaFolder folder, TimeProvider time, ILogger<Thumbnailer> logger) : IDisposable
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

    /// <summary>A thumbnail at least as large as asked for, as far as the image and the largest size allow.</summary>
    public async Task<Outcome<Thumbnail>> GetAsync(MediaInfo media, ThumbnailSize wanted)
    {
        if (MediaContent.OpenFile(folder.PathOf(media.Sha256)) is not { } original)
            return MatrixError.NotFound("No such media");
        var keepOpen = false;
        try
        {
            if (await ReadHeaderAsync(original) is not { } header)
                return s_cannot;
            var size = Choose(wanted);
            if (header.Width <= size.Width && header.Height <= size.Height)
            {
                keepOpen = true;
                return new Thumbnail(original, header.ContentType);
            }

            if (header.Pixels > MaxPixels)
                return MatrixError.TooLarge("Content is too large to thumbnail");
            if (_vips is null)
            {
                keepOpen = media.Size <= MaxOriginal;
                return keepOpen ? new Thumbnail(original, header.ContentType) : s_cannot;
            }

            var isJpeg = header.Format == ImageFormat.Jpeg;
            return await GetAsync(media.Sha256, size, isJpeg ? ".jpg" : ".png", isJpeg ? "image/jpeg" : "image/png");
        }
        finally
        {
            if (!keepOpen)
                await original.DisposeAsync();
        }
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

    private static async Task<ImageHeader?> ReadHeaderAsync(FileStream file)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ImageHeader.Length);
        try
        {
            var read = await file.ReadAtLeastAsync(buffer.AsMemory(0, ImageHeader.Length), ImageHeader.Length, throwOnEndOfStream: false);
            file.Position = 0;
            return ImageHeader.TryRead(buffer.AsSpan(0, read), out var header) ? header : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<Outcome<Thumbnail>> GetAsync(string sha256, ThumbnailSize size, string extension, string contentType)
    {
        var path = folder.PathOf(sha256, $"{size.Width}x{size.Height}{(size.Crop ? "c" : "s")}{extension}");
        if (MediaContent.OpenFile(path) is { } kept)
            return new Thumbnail(kept, contentType);
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
                if (!File.Exists(path) && !await MakeAsync(sha256, size, extension, path))
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

        return MediaContent.OpenFile(path) is { } made ? new Thumbnail(made, contentType) : s_cannot;
    }

    private async Task<bool> MakeAsync(string sha256, ThumbnailSize size, string extension, string path)
    {
        var temporary = folder.NewTemporary(extension);
        try
        {
            if (await _vips!.RunAsync(folder.PathOf(sha256), temporary, size) is { } problem)
            {
                MediaLog.ThumbnailFailed(logger, sha256, problem);
                return false;
            }

            MediaFolder.Publish(temporary, path);
            return true;
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
