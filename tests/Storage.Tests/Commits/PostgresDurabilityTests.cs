using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Commits;

/// <summary>A standby that never comes makes PostgreSQL keep whoever waits for the log: what is committed is visible, and not yet safe.</summary>
public sealed class PostgresDurabilityTests
{
    private const string NoStandby = "ALTER SYSTEM RESET synchronous_standby_names";
    private const string MissingStandby = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'";

    [Fact(Timeout = 120_000)]
    public Task What_is_visible_but_not_safe_yet_is_neither_acknowledged_nor_told_to_other_silos() =>
        RunAsync(async (one, other, watching, letGo) =>
        {
            var committing = PutAsync(one, "a.type");
            // The silo that committed waits for the log, and the other one has seen the head of the stream and waits as well.
            while (await ReadAsync(watching, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") < 3)
                await Task.Delay(10, CancellationToken.None);
            Assert.Equal(4, await ReadAsync(watching, "SELECT pos FROM stream_head"));
            Assert.False(committing.IsCompleted);
            Assert.Equal(3, one.Feed.Current);
            Assert.Equal(3, other.Feed.Current);

            await letGo();
            Assert.Equal(4, (await committing).FirstPosition);
            await other.Feed.WaitForAsync(4, CancellationToken.None);
        });

    /// <summary>Other silos do not wait for the log that one waits for: they commit behind it.</summary>
    [Fact(Timeout = 120_000)]
    public Task The_head_is_not_held_while_the_log_is_waited_for() =>
        RunAsync(async (one, other, watching, letGo) =>
        {
            Task<CommitResult>[] committing = [PutAsync(one, "a.type"), PutAsync(other, "a.type")];
            while (await ReadAsync(watching, "SELECT pos FROM stream_head") < 5)
                await Task.Delay(10, CancellationToken.None);
            Assert.All(committing, commit => Assert.False(commit.IsCompleted));

            await letGo();
            Assert.Equal([4, 5], (await Task.WhenAll(committing)).Select(result => result.FirstPosition).Order());
            await one.Feed.WaitForAsync(5, CancellationToken.None);
            await other.Feed.WaitForAsync(5, CancellationToken.None);
        });

    /// <summary>Runs with two silos that know of each other, while whoever waits for the log waits until it is let go.</summary>
    private static async Task RunAsync(Func<IStorage, IStorage, NpgsqlConnection, Func<Task>, Task> test)
    {
        await using var cluster = await PostgresCluster.StartAsync();
        var database = await cluster.CreateDatabaseAsync();
        await using var one = PostgresStorage.Open(database, TimeProvider.System, NullLoggerFactory.Instance);
        await using var other = PostgresStorage.Open(database, TimeProvider.System, NullLoggerFactory.Instance);
        await ShareAsync(one, other);
        await using var watching = new NpgsqlConnection(database);
        await watching.OpenAsync(CancellationToken.None);
        var probing = await WaitForStandbyAsync(database, watching);
        try
        {
            await test(one, other, watching, LetGoAsync);
        }
        finally
        {
            // Else the storages would wait for their last commits for ever.
            await LetGoAsync();
        }

        async Task LetGoAsync()
        {
            await SetAsync(watching, NoStandby);
            await probing;
        }
    }

    /// <summary>Has both silos know of each other's commits: three positions.</summary>
    private static async Task ShareAsync(IStorage one, IStorage other)
    {
        await one.MigrateAsync(CancellationToken.None);
        await other.MigrateAsync(CancellationToken.None);
        foreach (var storage in (IStorage[])[one, other, one])
            await PutAsync(storage, "a.type");
        await other.Feed.WaitForAsync(3, CancellationToken.None);
    }

    private static Task<CommitResult> PutAsync(IStorage storage, string type)
    {
        var unit = new WriteUnit();
        storage.AccountData.Put(unit, new AccountDataRow("@a:x", "", type, "{}"u8.ToArray(), 0), unit.NextPosition(ChangeKind.AccountData, "@a:x"));
        return storage.CommitAsync(unit);
    }

    /// <summary>From when this is done on, whoever waits for the log waits until <see cref="NoStandby"/>; the task waits with them.</summary>
    private static async Task<Task> WaitForStandbyAsync(string database, NpgsqlConnection watching)
    {
        await SetAsync(watching, MissingStandby);
        while (true)
        {
            // The setting is taken over by the server's processes one after the other.
            var probing = ProbeAsync(database);
            while (!probing.IsCompleted)
            {
                if (await ReadAsync(watching, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") > 0)
                    return probing;
                await Task.Delay(10, CancellationToken.None);
            }

            await probing;
        }
    }

    private static async Task ProbeAsync(string database)
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=false");
        await connection.OpenAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand("SELECT pg_logical_emit_message(true, 'probe', '')", connection);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private static async Task SetAsync(NpgsqlConnection connection, string setting)
    {
        // A session that waits for nothing, else it would wait for the standby too.
        foreach (var sql in (string[])["SET synchronous_commit TO off", setting, "SELECT pg_reload_conf()"])
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    private static async Task<long> ReadAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync(CancellationToken.None))!;
    }
}
