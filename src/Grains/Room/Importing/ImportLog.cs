using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.Room.Importing;

internal static partial class ImportLog
{
    [LoggerMessage(1, LogLevel.Warning,
        "No server gave the members of {RoomId}, which was joined without them, at try {Try}; clients that do not load members lazily are not shown it: {Reasons}")]
    public static partial void MembersNotHad(ILogger logger, string roomId, int @try, string reasons);
}
