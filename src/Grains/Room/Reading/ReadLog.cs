using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>What reading tells an operator.</summary>
internal static partial class ReadLog
{
    [LoggerMessage(1, LogLevel.Error, "{What} of {Owner} is stored in a form that cannot be read, and is left out of what clients get")]
    public static partial void Unreadable(ILogger logger, string what, string owner);
}
