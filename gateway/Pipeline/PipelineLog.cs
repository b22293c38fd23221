using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Gateway.Pipeline;

internal static partial class PipelineLog
{
    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void Failed(ILogger logger, string method, string path, Exception fault);

    [LoggerMessage(2, LogLevel.Warning, "{Method} {Path} timed out")]
    public static partial void TimedOut(ILogger logger, string method, string path, Exception fault);

    [LoggerMessage(3, LogLevel.Warning, "That {Server} can be heard could not be told to those who wait for it")]
    public static partial void NotHeard(ILogger logger, string server, Exception fault);
}
