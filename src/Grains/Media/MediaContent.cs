using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Media;

/// <inheritdoc cref="IMediaContent"/>
internal sealed class MediaContent(IContents contents, IThumbnails thumbnails) : IMediaContent
{
    public IMediaWriter Create() => contents.Create();

    public ValueTask<Stream?> OpenAsync(string sha256, long position = 0) => contents.OpenAsync(sha256, position);

    public async Task<Outcome<Thumbnail>> GetThumbnailAsync(MediaInfo media, ThumbnailSize size)
    {
        var found = await thumbnails.GetAsync(media, size);
        if (found.Error is { } error)
            return error;
        var (name, contentType) = found.Value;
        return await contents.OpenAsync(name) is { } stream ? new Thumbnail(stream, contentType) : MatrixError.NotFound("No such media");
    }
}
