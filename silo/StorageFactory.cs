using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Sqlite;

namespace OrleansMatrix.Silo;

/// <summary>Picks the database by <c>Matrix:Database</c>.</summary>
internal static class StorageFactory
{
    private const string FileName = "matrix.db";

    public static IStorage Open(MatrixSettings settings, TimeProvider time, ILoggerFactory loggers) =>
        settings.Database.Length == 0
            ? SqliteStorage.Open(Path.Combine(settings.DataDirectory, FileName), time, loggers)
            : throw new SettingsException("Matrix:Database", "PostgreSQL is not there yet");
}
