using Npgsql;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>Applies the missing migrations in one transaction under an advisory lock, so that silos may start together.</summary>
internal static class PostgresMigrator
{
    /// <summary>Brings the database up to date and gives the head of the stream.</summary>
    /// <exception cref="InvalidDataException">The database was written by a newer version.</exception>
    public static async Task<long> RunAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var migrations = Migration.Of(typeof(PostgresMigrator).Assembly);
        var connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                await RunAsync(connection, "SELECT pg_advisory_xact_lock(6028842)", cancellationToken).ConfigureAwait(false);
                await RunAsync(connection, "CREATE TABLE IF NOT EXISTS migrations (number bigint PRIMARY KEY, name text NOT NULL)", cancellationToken)
                    .ConfigureAwait(false);
                var applied = (long)(await RunAsync(connection, "SELECT COALESCE(MAX(number), 0) FROM migrations", cancellationToken).ConfigureAwait(false))!;
                if (applied > migrations[^1].Number)
                    throw new InvalidDataException($"the database is at migration {applied}, this version knows {migrations[^1].Number}");
                foreach (var migration in migrations.Where(migration => migration.Number > applied))
                {
                    await RunAsync(connection, migration.Sql, cancellationToken).ConfigureAwait(false);
                    await RunAsync(
                        connection, "INSERT INTO migrations (number, name) VALUES ($1, $2)", cancellationToken, PostgresParameters.Integer(migration.Number),
                        PostgresParameters.Text(migration.Name)).ConfigureAwait(false);
                }
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            }
            var head = (long)(await RunAsync(connection, PostgresWriter.SelectHead, cancellationToken).ConfigureAwait(false))!;
            await RunAsync(connection, PostgresWriter.Sync, cancellationToken).ConfigureAwait(false);
            return head;
        }
    }

    private static async Task<object?> RunAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        var command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.CommandText = sql;
            command.Parameters.AddRange(parameters);
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
