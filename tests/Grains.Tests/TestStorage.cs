using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests;

/// <summary>The storage of a test's silos.</summary>
internal static class TestStorage
{
    /// <summary>Opens the folder's database, and makes it if there is none.</summary>
    public static async Task<IStorage> OpenAsync(TemporaryFolder folder, TimeProvider clock)
    {
        var storage = SqliteStorage.Open(folder.File("matrix.db"), clock, NullLoggerFactory.Instance);
        await storage.MigrateAsync(TestContext.Current.CancellationToken);
        return storage;
    }
}
