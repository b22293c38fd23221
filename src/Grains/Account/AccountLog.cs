using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.Account;

internal static partial class AccountLog
{
    [LoggerMessage(1, LogLevel.Warning, "Account {UserId}: writing failed; the account is read again")]
    public static partial void CommitFailed(ILogger logger, string userId, Exception fault);

    [LoggerMessage(2, LogLevel.Warning, "Account {UserId}: room {RoomId} could not be left or told of the new profile")]
    public static partial void RoomFailed(ILogger logger, string userId, string roomId, Exception fault);

    [LoggerMessage(3, LogLevel.Warning, "Account {UserId}: what is kept of devices that are gone could not be taken away; it is tried again")]
    public static partial void CleanUpFailed(ILogger logger, string userId, Exception fault);

    [LoggerMessage(4, LogLevel.Warning, "Account {UserId}: {Silo} could not be told that sessions changed; it believes them for a minute at most")]
    public static partial void SessionsRemembered(ILogger logger, string userId, SiloAddress silo, Exception fault);
}
