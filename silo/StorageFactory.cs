using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.Storage.Sqlite;

namespace OrleansMatrix.Silo;

/// <summary>Picks the database by <c>Matrix:Database</c>.</summary>
internal static class StorageFactory
{
    private const string FileName = "matrix.db";

    public static IStorage Open(MatrixSettings settings, TimeProvider time, ILoggerFactory loggers)
    {
        if (settings.Database.Length == 0)
            return SqliteStorage.Open(Path.Combine(settings.DataDirectory, FileName), time, loggers);
        try
        {
            return PostgresStorage.Open(settings.Database, time, loggers);
        }
        catch (ArgumentException fault)
        {
            throw new SettingsException("Matrix:Database", fault.Message);
        }
    }
}
