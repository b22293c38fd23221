using System.Runtime.CompilerServices;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.Storage.Sqlite;

namespace OrleansMatrix.Silo;

/// <summary>Picks the database by <c>Matrix:Database</c>.</summary>
internal static class StorageFactory
{
    private const string FileName = "matrix.db";

    /// <summary>Whether there is a database to open. That of <c>Matrix:Database</c> says so itself.</summary>
    public static bool Exists(MatrixSettings settings) => settings.Database.Length > 0 || File.Exists(Path.Combine(settings.DataDirectory, FileName));

    public static IStorage Open(MatrixSettings settings, TimeProvider time, ILoggerFactory loggers) => settings.Database.Length == 0
        ? SqliteStorage.Open(Path.Combine(settings.DataDirectory, FileName), time, loggers, MemoryLimit.ForMappedFiles(settings.MemoryLimitBytes))
        : OpenPostgres(settings, time, loggers);

    // A method of its own: who calls it loads PostgreSQL's driver, who does not need not keep it in memory.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static IStorage OpenPostgres(MatrixSettings settings, TimeProvider time, ILoggerFactory loggers)
    {
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
