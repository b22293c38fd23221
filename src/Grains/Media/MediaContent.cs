using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Media;

/// <summary>The bytes of media in the media folder.</summary>
internal sealed class MediaContent(MediaFolder folder, Thumbnailer thumbnailer) : IMediaContent
{
    private const int ReadBuffer = 64 * 1024;

    public IMediaWriter Create() => new MediaWriter(folder);

    public Stream? Open(string sha256) => OpenFile(folder.PathOf(sha256));

    public Task<Outcome<Thumbnail>> GetThumbnailAsync(MediaInfo media, ThumbnailSize size) => thumbnailer.GetAsync(media, size);

    internal static FileStream? OpenFile(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, ReadBuffer, useAsync: true);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
