namespace OrleansMatrix.Grains.Abstractions.Media;

/// <summary>Stored media.</summary>
/// <param name="Sha256">Lower-case hex of the content.</param>
/// <param name="Size">Bytes.</param>
[GenerateSerializer, Immutable, Alias("MediaInfo")]
public sealed record MediaInfo(
    [property: Id(0)] string Sha256, [property: Id(1)] long Size, [property: Id(2)] string ContentType, [property: Id(3)] string? FileName)
{
    private const int MaxContentType = 255;
    private const string Unknown = "application/octet-stream";

    /// <summary>What somebody says that media is, if that can be said on in a header; else that it is just bytes.</summary>
    public static string ContentTypeOf(string? claimed) =>
        claimed is { Length: > 0 and <= MaxContentType } && !claimed.AsSpan().ContainsAnyExceptInRange(' ', '~') ? claimed : Unknown;
}
