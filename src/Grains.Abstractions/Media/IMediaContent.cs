using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Media;

/// <summary>
/// The bytes of media, by their hash: in the database on PostgreSQL, unless the silos share a folder, and in a folder on SQLite.
/// </summary>
public interface IMediaContent
{
    /// <summary>Starts to store content of unknown length. Dispose it: what was not completed is deleted.</summary>
    IMediaWriter Create();

    /// <summary>The content of a hash, to be read once, with its length; null if it is not there.</summary>
    /// <param name="position">The first byte to read.</param>
    ValueTask<Stream?> OpenAsync(string sha256, long position = 0);

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

    /// <summary>Some of what was written, from a position below that on; empty if it is being completed, is completed or disposed.</summary>
    /// <param name="most">The most bytes to read.</param>
    ValueTask<ReadOnlyMemory<byte>> ReadAsync(long position, int most);

    /// <summary>Makes the content durable; answers its name.</summary>
    /// <param name="name">Null: its hash, lower-case hex.</param>
    ValueTask<string> CompleteAsync(string? name = null);
}

/// <summary>What a client asks a thumbnail for.</summary>
/// <param name="Crop">Fill the size and cut off what is beyond; else fit into it.</param>
public readonly record struct ThumbnailSize(int Width, int Height, bool Crop);

/// <summary>A picture to send; whoever gets it disposes the stream.</summary>
public sealed record Thumbnail(Stream Content, string ContentType);
