using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.TestSupport;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace OrleansMatrix.Storage.Tests.Backends;

public sealed class PostgresBackend(PostgresCluster cluster) : Backend
{
    private readonly Lock _gate = new();
    private Task<string>? _database;

    protected override async Task<IStorage> OpenWithoutMigrationAsync(TimeProvider time)
    {
        Task<string> database;
        lock (_gate) database = _database ??= cluster.CreateDatabaseAsync();
        return PostgresStorage.Open(await database, time, NullLoggerFactory.Instance);
    }

    protected override ValueTask DropAsync() => ValueTask.CompletedTask;
}
