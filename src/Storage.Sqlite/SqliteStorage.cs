using Microsoft.Extensions.Logging;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>Opens the storage in one SQLite file, for a server of one silo.</summary>
public static class SqliteStorage
{
    private const long DefaultMappedBytes = 128 * 1024 * 1024;

    /// <summary>Opens the file, creating it if it is missing; <see cref="IStorage.MigrateAsync"/> must follow before anything else.</summary>
    /// <param name="path">The file.</param>
    /// <param name="time">The server's clock.</param>
    /// <param name="loggers">For the writer and the change feed.</param>
    /// <param name="mappedBytes">How much of the file's pages may be in the process's memory: each of the connections that read may map an equal part.</param>
    /// <exception cref="SqliteException">The file cannot be opened.</exception>
    public static IStorage Open(string path, TimeProvider time, ILoggerFactory loggers, long mappedBytes = DefaultMappedBytes) =>
        new SqlStorage(new SqliteDatabase(path, mappedBytes, loggers), time, new SqliteSearch());
}
