using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.Device;

/// <summary>What keys and messages tell an operator.</summary>
internal static partial class DeviceLog
{
    [LoggerMessage(1, LogLevel.Error, "A key of {UserId}'s device {DeviceId} could not be claimed")]
    public static partial void ClaimFailed(ILogger logger, string userId, string deviceId, Exception fault);

    [LoggerMessage(2, LogLevel.Error, "The key {KeyId} of {UserId}'s device {DeviceId} is stored in a form that cannot be read, and is left out")]
    public static partial void KeyUnreadable(ILogger logger, string userId, string deviceId, string keyId);
}
