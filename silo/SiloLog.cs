namespace OrleansMatrix.Silo;

internal static partial class SiloLog
{
    [LoggerMessage(1, LogLevel.Information, "Server name {ServerName}; signing key {KeyId}; data in {DataDirectory}")]
    public static partial void Starting(ILogger logger, string serverName, string keyId, string dataDirectory);

    [LoggerMessage(2, LogLevel.Information,
        "There is no account yet. Make an administrator with: users create NAME --admin. Or register the first account, which becomes an administrator, in a " +
        "client with this one-time registration token: {Token}")]
    public static partial void FirstToken(ILogger logger, string token);

    [LoggerMessage(3, LogLevel.Information, "Clients connect to {Address}")]
    public static partial void Listening(ILogger logger, string address);

    [LoggerMessage(4, LogLevel.Warning, "{Section} is passed over: this version does not have what it sets")]
    public static partial void PassedOver(ILogger logger, string section);

    [LoggerMessage(5, LogLevel.Warning, "signing.key in {DataDirectory}, {FileKeyId}, is not used: the key of the database is {KeyId}")]
    public static partial void OtherKeyFile(ILogger logger, string dataDirectory, string fileKeyId, string keyId);

    [LoggerMessage(6, LogLevel.Information, "No silo of the cluster answers yet; waiting for one")]
    public static partial void WaitingForSilos(ILogger logger);

    [LoggerMessage(7, LogLevel.Information, "There is another signing key, {KeyId}, which signs from {From:u} on")]
    public static partial void NewKey(ILogger logger, string keyId, DateTimeOffset from);

    [LoggerMessage(8, LogLevel.Error, "The signing keys could not be read again")]
    public static partial void KeysNotRead(ILogger logger, Exception fault);
}
