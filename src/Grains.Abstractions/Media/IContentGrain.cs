using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Media;

/// <summary>
/// The content of media for gateways that are no silos, a piece a call; what each call does and how large a piece is, is said at <c>IContentPieces</c> of the
/// storage. Every call may be repeated. Key: <see cref="Key"/>.
/// </summary>
[Alias("IContentGrain"), GrainInterfaceType("IContentGrain")]
public interface IContentGrain : IGrainWithStringKey
{
    /// <summary>The key of the only one.</summary>
    const string Key = "server";

    /// <summary>Starts an upload.</summary>
    [Alias("Begin")]
    Task Begin(string upload, long startedAt);

    /// <summary>Keeps a piece.</summary>
    [Alias("Put")]
    Task Put(string upload, int piece, ReadOnlyMemory<byte> bytes);

    /// <summary>Gives the upload its name.</summary>
    [Alias("Complete")]
    Task Complete(string upload, string name, long size);

    /// <summary>Deletes an upload that has no name.</summary>
    [Alias("Discard")]
    Task Discard(string upload);

    /// <summary>The content of a name, or null.</summary>
    [Alias("Find")]
    Task<FoundContent?> Find(string name);

    /// <summary>A piece; null if there is none.</summary>
    [Alias("Read")]
    Task<ReadOnlyMemory<byte>?> Read(string upload, int piece);

    /// <summary>Finds a thumbnail, or makes it; the errors of <see cref="IMediaContent.GetThumbnailAsync"/>.</summary>
    [Alias("Thumbnail")]
    Task<Outcome<FoundThumbnail>> Thumbnail(MediaInfo media, int width, int height, bool crop);
}

/// <summary>Content that is whole.</summary>
/// <param name="Upload">What its pieces are kept under.</param>
/// <param name="Size">Bytes.</param>
[GenerateSerializer, Immutable, Alias("FoundContent")]
public sealed record FoundContent([property: Id(0)] string Upload, [property: Id(1)] long Size);

/// <summary>A thumbnail among the contents.</summary>
[GenerateSerializer, Immutable, Alias("FoundThumbnail")]
public sealed record FoundThumbnail([property: Id(0)] string Name, [property: Id(1)] string ContentType);
