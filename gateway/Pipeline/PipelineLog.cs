using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Gateway.Pipeline;

internal static partial class PipelineLog
{
    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void Failed(ILogger logger, string method, string path, Exception fault);

    [LoggerMessage(2, LogLevel.Warning, "{Method} {Path} could not be answered")]
    public static partial void Unavailable(ILogger logger, string method, string path, Exception fault);
}
