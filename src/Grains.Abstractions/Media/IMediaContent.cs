using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Media;

/// <summary>
/// The bytes of media, by their hash. Bytes do not go through grains: each silo reads and writes the media folder, which the silos of a cluster share.
/// </summary>
public interface IMediaContent
{
    /// <summary>Starts to store content of unknown length. Dispose it: what was not completed is deleted.</summary>
    IMediaWriter Create();

    /// <summary>The content of a hash, to be read once; null if it is not there.</summary>
    Stream? Open(string sha256);

    /// <summary>
    /// A thumbnail of an image: M_UNKNOWN (400) if none can be made, M_TOO_LARGE for too many pixels, M_LIMIT_EXCEEDED when too many are being made.
    /// </summary>
    Task<Outcome<Thumbnail>> GetThumbnailAsync(MediaInfo media, ThumbnailSize size);
}

/// <summary>Content being stored.</summary>
public interface IMediaWriter : IAsyncDisposable
{
    /// <summary>Appends a chunk.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken);

    /// <summary>Makes the content durable; answers its hash, lower-case hex.</summary>
    ValueTask<string> CompleteAsync();
}

/// <summary>What a client asks a thumbnail for.</summary>
/// <param name="Crop">Fill the size and cut off what is beyond; else fit into it.</param>
public readonly record struct ThumbnailSize(int Width, int Height, bool Crop);

/// <summary>A picture to send; whoever gets it disposes the stream.</summary>
public sealed record Thumbnail(Stream Content, string ContentType);
