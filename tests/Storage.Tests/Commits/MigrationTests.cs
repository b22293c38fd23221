using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Commits;

public abstract class MigrationTests(Backend backend) : StoreTests(backend)
{
    public override ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Silos_that_start_together_migrate_once()
    {
        var storages = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(() => Backend.OpenAsync())));

        for (var i = 0; i < storages.Length; i++)
        {
            var unit = new WriteUnit();
            storages[i].Events.AppendLive(unit, Event($"${i}"), unit.NextPosition(ChangeKind.RoomEvent, Room));
            Assert.Equal(i + 1, (await storages[i].CommitAsync(unit)).FirstPosition);
        }
        await storages[0].MigrateAsync(TestContext.Current.CancellationToken);
        Assert.Equal(5, (await storages[0].Events.GetManyAsync(["$0", "$1", "$2", "$3", "$4"])).Count);
    }

    [Fact]
    public async Task A_database_from_a_newer_version_is_left_alone()
    {
        await Backend.OpenAsync();
        await Backend.ExecuteAsync("INSERT INTO migrations (number, name) VALUES (9999, 'future')");

        await Assert.ThrowsAsync<InvalidDataException>(() => Backend.OpenAsync());
    }
}

public sealed class SqliteMigrationTests() : MigrationTests(new SqliteBackend());

public sealed class PostgresMigrationTests(PostgresCluster cluster) : MigrationTests(new PostgresBackend(cluster));
