using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.TestSupport;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace OrleansMatrix.Storage.Tests.Backends;

public sealed class PostgresBackend(PostgresCluster cluster) : Backend
{
    private readonly Lock _gate = new();
    private Task<string>? _database;

    public override async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(await _database!);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    protected override async Task<IStorage> OpenWithoutMigrationAsync(TimeProvider time)
    {
        Task<string> database;
        lock (_gate) database = _database ??= cluster.CreateDatabaseAsync();
        return PostgresStorage.Open(await database, time, NullLoggerFactory.Instance);
    }

    protected override ValueTask DropAsync() => ValueTask.CompletedTask;
}
