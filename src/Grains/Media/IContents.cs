using OrleansMatrix.Grains.Abstractions.Media;

namespace OrleansMatrix.Grains.Media;

/// <summary>Where the content of media lies, under the SHA-256 of each, and thumbnails under that of their original with their size behind it.</summary>
internal interface IContents
{
    /// <inheritdoc cref="IMediaContent.Create"/>
    IMediaWriter Create();

    /// <summary>The content of a name, to be read once, with its length; null if it is not there.</summary>
    /// <param name="position">The first byte to read.</param>
    ValueTask<Stream?> OpenAsync(string name, long position = 0);
}
