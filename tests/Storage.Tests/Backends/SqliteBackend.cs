using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Backends;

public sealed class SqliteBackend : Backend
{
    private readonly TemporaryFolder _folder = new();

    protected override Task<IStorage> OpenWithoutMigrationAsync(TimeProvider time) =>
        Task.FromResult(SqliteStorage.Open(_folder.File("matrix.db"), time, NullLoggerFactory.Instance));

    protected override ValueTask DropAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
