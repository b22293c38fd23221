using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Backends;

public sealed class SqliteBackend : Backend
{
    private readonly TemporaryFolder _folder = new();

    public override Task ExecuteAsync(string sql)
    {
        using var connection = new SqliteConnection(_folder.File("matrix.db"), "");
        connection.Execute(sql);
        return Task.CompletedTask;
    }

    protected override Task<IStorage> OpenWithoutMigrationAsync(TimeProvider time) =>
        Task.FromResult(SqliteStorage.Open(_folder.File("matrix.db"), time, NullLoggerFactory.Instance));

    protected override ValueTask DropAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
