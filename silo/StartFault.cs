using System.Data.Common;
using System.Security.Cryptography;
using OrleansMatrix.Storage.Sqlite;

namespace OrleansMatrix.Silo;

/// <summary>Faults of the start that an administrator can do something about: one line says it all.</summary>
internal static class StartFault
{
    /// <summary>The line; null for other faults.</summary>
    public static string? Describe(Exception fault) => fault switch
    {
        // A wrong setting, a port in use, a folder that cannot be written.
        SettingsException or IOException or UnauthorizedAccessException => fault.Message,
        SqliteException => $"Matrix:DataDirectory: {fault.Message}",
        CryptographicException => $"Kestrel: a certificate cannot be read: {fault.Message}",
        DbException => $"Matrix:Database: {fault.Message}",
        _ => null,
    };
}
