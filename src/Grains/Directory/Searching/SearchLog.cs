using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.Directory.Searching;

internal static partial class SearchLog
{
    [LoggerMessage(1, LogLevel.Warning, "A room could not be brought into the search index; it is tried again at the next look")]
    public static partial void IndexingFailed(ILogger logger, Exception fault);

    [LoggerMessage(2, LogLevel.Warning, "The search index could not be brought up to date for a search, which finds what is in it")]
    public static partial void NotCaughtUp(ILogger logger, Exception fault);
}
