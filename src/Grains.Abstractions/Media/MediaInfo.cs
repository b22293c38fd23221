namespace OrleansMatrix.Grains.Abstractions.Media;

/// <summary>Stored media.</summary>
/// <param name="Sha256">Lower-case hex of the content.</param>
/// <param name="Size">Bytes.</param>
[GenerateSerializer, Immutable, Alias("MediaInfo")]
public sealed record MediaInfo(
    [property: Id(0)] string Sha256, [property: Id(1)] long Size, [property: Id(2)] string ContentType, [property: Id(3)] string? FileName);
