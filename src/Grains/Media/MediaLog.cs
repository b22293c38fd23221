using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.Media;

internal static partial class MediaLog
{
    [LoggerMessage(1, LogLevel.Warning, "No thumbnail of {Sha256}: {Problem}")]
    public static partial void ThumbnailFailed(ILogger logger, string sha256, string problem);

    [LoggerMessage(2, LogLevel.Warning, "The media {MediaId} of {Server} could not be fetched")]
    public static partial void FetchFailed(ILogger logger, string server, string mediaId, Exception fault);
}
