using System.Reflection;
using System.Text;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.Storage.Sql;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Commits;

public abstract class MigrationTests(Backend backend, Assembly assembly) : StoreTests(backend)
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
    public async Task Account_data_without_a_byte_is_forgotten()
    {
        var storage = await Backend.OpenAsync();
        var unit = new WriteUnit();
        foreach (var (type, json) in new[] { ("m.direct", ""), ("m.test", "{}") })
            storage.AccountData.Put(
                unit, new AccountDataRow("@a:x", "", type, Encoding.UTF8.GetBytes(json), 0), unit.NextPosition(ChangeKind.AccountData, "@a:x"));
        await storage.CommitAsync(unit);

        await Backend.ExecuteAsync(Migration.Of(assembly).Single(m => m.Name == "0022_empty_account_data.sql").Sql);
        Assert.Null(await storage.AccountData.GetAsync("@a:x", "", "m.direct"));
        Assert.NotNull(await storage.AccountData.GetAsync("@a:x", "", "m.test"));
    }

    [Fact]
    public async Task A_database_from_a_newer_version_is_left_alone()
    {
        await Backend.OpenAsync();
        await Backend.ExecuteAsync("INSERT INTO migrations (number, name) VALUES (9999, 'future')");

        await Assert.ThrowsAsync<InvalidDataException>(() => Backend.OpenAsync());
    }
}

public sealed class SqliteMigrationTests() : MigrationTests(new SqliteBackend(), typeof(SqliteStorage).Assembly);

public sealed class PostgresMigrationTests(PostgresCluster cluster) : MigrationTests(new PostgresBackend(cluster), typeof(PostgresStorage).Assembly);
