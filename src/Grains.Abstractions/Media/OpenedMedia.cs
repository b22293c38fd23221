namespace OrleansMatrix.Grains.Abstractions.Media;

/// <summary>Media to be sent to a client: stored, or on their way from the server that has them.</summary>
/// <param name="Sha256">Lower-case hex of the content; null while it is on its way.</param>
/// <param name="Size">Bytes; null if the other server does not say how many there will be.</param>
/// <param name="Fetch">What <see cref="IMediaGrain.Read"/> asks for while it is on its way; null of what is stored.</param>
[GenerateSerializer, Immutable, Alias("OpenedMedia")]
public sealed record OpenedMedia(
    [property: Id(0)] string? Sha256, [property: Id(1)] long? Size, [property: Id(2)] string ContentType, [property: Id(3)] string? FileName,
    [property: Id(4)] string? Fetch);

/// <summary>What has come of media that are on their way.</summary>
/// <param name="Bytes">From the position on that was asked for, at most 256 KiB; empty when all is stored.</param>
/// <param name="Sha256">Lower-case hex of the content when all is stored: the rest is there. Else null.</param>
[GenerateSerializer, Immutable, Alias("FetchedPart")]
public sealed record FetchedPart([property: Id(0)] ReadOnlyMemory<byte> Bytes, [property: Id(1)] string? Sha256);
