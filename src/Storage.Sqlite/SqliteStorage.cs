using Microsoft.Extensions.Logging;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>Opens the storage in one SQLite file, for a server of one silo.</summary>
public static class SqliteStorage
{
    /// <summary>Opens the file, creating it if it is missing; <see cref="IStorage.MigrateAsync"/> must follow before anything else.</summary>
    /// <exception cref="SqliteException">The file cannot be opened.</exception>
    public static IStorage Open(string path, TimeProvider time, ILoggerFactory loggers) =>
        new SqlStorage(new SqliteDatabase(path, loggers), time, new SqliteSearch());
}
