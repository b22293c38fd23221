using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.RemoteServer;

internal static partial class RemoteServerLog
{
    [LoggerMessage(1, LogLevel.Information, "Cannot send to {Server}: {Reason}; the next try is in {Backoff}")]
    public static partial void SendingFailed(ILogger logger, string server, string reason, TimeSpan backoff);

    [LoggerMessage(3, LogLevel.Warning, "{Server} refuses {What} for good, which is left out now: {Reason}")]
    public static partial void GivenUp(ILogger logger, string server, string what, string reason);

    [LoggerMessage(4, LogLevel.Information, "The queue for {Server} has become too long: only the newest event of each room will be sent")]
    public static partial void QueueShortened(ILogger logger, string server);

    [LoggerMessage(5, LogLevel.Error, "Sending to {Server} failed here; the next try is in {Backoff}")]
    public static partial void SendingBroke(ILogger logger, string server, TimeSpan backoff, Exception fault);

    [LoggerMessage(6, LogLevel.Warning, "The answer to a transaction of {Server} could not be stored")]
    public static partial void AnswerNotKept(ILogger logger, string server, Exception fault);

    [LoggerMessage(7, LogLevel.Warning, "The event {EventId} of {RoomId} that {Server} sent is given up: nobody gives what it follows ({Missing})")]
    public static partial void StagedGivenUp(ILogger logger, string eventId, string roomId, string server, string missing);

    [LoggerMessage(8, LogLevel.Warning, "Judging the events of {RoomId} that wait failed")]
    public static partial void StagedTryFailed(ILogger logger, string roomId, Exception fault);

    [LoggerMessage(10, LogLevel.Debug, "{Server} cannot be reached: {Reason}")]
    public static partial void NotReached(ILogger logger, string server, string reason);

    [LoggerMessage(15, LogLevel.Warning, "{What} that waits for {Server} cannot be read or written, and is left out")]
    public static partial void Unreadable(ILogger logger, string server, string what, Exception? fault);

    [LoggerMessage(11, LogLevel.Warning, "{Count} parts of the transaction {TransactionId} of {Server} cannot be read, and are left out")]
    public static partial void PartsDropped(ILogger logger, string server, string transactionId, int count);

    [LoggerMessage(12, LogLevel.Warning, "An EDU of {Server}, {EduType}, is left out: {Reason}")]
    public static partial void EduDropped(ILogger logger, string server, string eduType, string reason);

    [LoggerMessage(13, LogLevel.Warning, "Judging the event {EventId} of {RoomId} that {Server} sent failed; it waits on, and the next one is judged")]
    public static partial void StagedNotJudged(ILogger logger, string eventId, string roomId, string server, Exception fault);

    [LoggerMessage(14, LogLevel.Warning, "The event {EventId} of {RoomId} that {Server} sent is stored in a form that cannot be read, and is dropped")]
    public static partial void StagedUnreadable(ILogger logger, string eventId, string roomId, string server);

    [LoggerMessage(9, LogLevel.Warning, "Fetching the devices of {UserId} failed; it is tried again")]
    public static partial void DeviceListFailed(ILogger logger, string userId, Exception fault);
}
