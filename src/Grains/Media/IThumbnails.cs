using OrleansMatrix.Grains.Abstractions.Media;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Media;

/// <summary>Finds the thumbnails of images, or has them made.</summary>
public interface IThumbnails
{
    /// <summary>A thumbnail at least as large as asked for, as far as the image and the largest size allow.</summary>
    Task<Outcome<FoundThumbnail>> GetAsync(MediaInfo media, ThumbnailSize wanted);
}
