using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.Persistence;

internal static partial class PersistenceLog
{
    [LoggerMessage(1, LogLevel.Warning, "The reminder of {Grain} to try again could not be set")]
    public static partial void ReminderNotSet(ILogger logger, GrainId grain, Exception fault);
}
