using Microsoft.Extensions.Logging;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>Opens the storage in a PostgreSQL database, which several silos may share.</summary>
public static class PostgresStorage
{
    /// <summary>Opens the storage; <see cref="IStorage.MigrateAsync"/> must follow before anything else.</summary>
    /// <param name="connectionString">In Npgsql's form (npgsql.org/doc/connection-string-parameters.html).</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where to log.</param>
    public static IStorage Open(string connectionString, TimeProvider time, ILoggerFactory loggers)
    {
        var database = new PostgresDatabase(connectionString, time, loggers);
        return new SqlStorage(database, time, new PostgresSearch(), new PostgresContents(database));
    }
}
