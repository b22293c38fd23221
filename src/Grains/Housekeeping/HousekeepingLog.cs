using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.Housekeeping;

internal static partial class HousekeepingLog
{
    [LoggerMessage(1, LogLevel.Warning, "What is unfinished could not be looked at; it is tried again in a minute")]
    public static partial void LookFailed(ILogger logger, Exception fault);

    [LoggerMessage(2, LogLevel.Warning, "The housekeeping could not be told of {Silo}; it is tried again in a minute")]
    public static partial void NotTold(ILogger logger, string silo, Exception fault);

    [LoggerMessage(3, LogLevel.Debug, "The queue for {Server} could not be told of what is in it")]
    public static partial void NotWoken(ILogger logger, string server, Exception fault);
}
