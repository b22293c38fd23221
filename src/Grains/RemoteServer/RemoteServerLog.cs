using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.RemoteServer;

internal static partial class RemoteServerLog
{
    [LoggerMessage(1, LogLevel.Information, "Cannot send to {Server}: {Reason}; the next try is in {Backoff}")]
    public static partial void SendingFailed(ILogger logger, string server, string reason, TimeSpan backoff);

    [LoggerMessage(2, LogLevel.Warning, "The scan of the queues for other servers failed")]
    public static partial void ScanFailed(ILogger logger, Exception fault);
}
