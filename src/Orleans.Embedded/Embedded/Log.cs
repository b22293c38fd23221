using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Embedded;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "A one-way call of {Method} to {Grain} failed")]
    public static partial void OneWayCallFailed(ILogger logger, Exception exception, GrainMethod method, GrainId grain);

    [LoggerMessage(2, LogLevel.Error, "{Grain} failed to activate")]
    public static partial void ActivationFailed(ILogger logger, Exception exception, GrainId grain);

    [LoggerMessage(3, LogLevel.Error, "{Grain} failed to deactivate cleanly")]
    public static partial void DeactivationFailed(ILogger logger, Exception exception, GrainId grain);

    [LoggerMessage(4, LogLevel.Warning, "{Grain} was still {Activity} when its time to deactivate ran out")]
    public static partial void DeactivationTimedOut(ILogger logger, GrainId grain, string activity);

    [LoggerMessage(5, LogLevel.Error, "A timer of {Grain} failed")]
    public static partial void TimerFailed(ILogger logger, Exception exception, GrainId grain);

    [LoggerMessage(6, LogLevel.Error, "Reminder {Reminder} of {Grain} failed")]
    public static partial void ReminderFailed(ILogger logger, Exception exception, string reminder, string grain);

    [LoggerMessage(7, LogLevel.Error, "The stored reminders could not be read")]
    public static partial void RemindersUnreadable(ILogger logger, Exception exception);

    [LoggerMessage(8, LogLevel.Error, "Code of {Grain} threw outside any call")]
    public static partial void TurnFailed(ILogger logger, Exception exception, GrainId grain);

    [LoggerMessage(9, LogLevel.Error, "The check of {Grain} whether a call may interleave failed")]
    public static partial void MayInterleaveFailed(ILogger logger, Exception exception, GrainId grain);

    [LoggerMessage(10, LogLevel.Warning, "{Count} activations had not ended when the time to stop ran out")]
    public static partial void DrainTimedOut(ILogger logger, int count);

    [LoggerMessage(11, LogLevel.Error, "{Observer} failed to stop at stage {Stage}")]
    public static partial void StopFailed(ILogger logger, Exception exception, string observer, int stage);
}
