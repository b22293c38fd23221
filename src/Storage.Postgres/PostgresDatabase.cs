using System.Data.Common;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>The PostgreSQL back end: pooled connections for queries, one commit loop, one follower of other silos' changes.</summary>
internal sealed class PostgresDatabase : ISqlDatabase
{
    private const int MostRetries = 2;
    private const string MaxPoolSize = "Maximum Pool Size";

    // Of the 100 that PostgreSQL takes by default, with several silos, backups and people to be let in. More make it no faster.
    private const int DefaultConnections = 16;
    private static readonly Statement SelectHead = new(PostgresWriter.SelectHead);
    private readonly NpgsqlDataSource _source;
    private readonly PostgresWriter _writer;
    private readonly PostgresFeedReader _feedReader;
    private bool _started;

    public PostgresDatabase(string connectionString, TimeProvider time, ILoggerFactory loggers)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { NoResetOnClose = true };   // nothing here changes a session
        if (!new DbConnectionStringBuilder { ConnectionString = settings.ConnectionString }.ContainsKey(MaxPoolSize)) settings.MaxPoolSize = DefaultConnections;
        if (settings.MaxAutoPrepare == 0) settings.MaxAutoPrepare = 200;
        settings.AutoPrepareMinUsages = 2;
        settings.IncludeFailedBatchedCommand = true;   // so that the commit loop can tell which unit failed
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
        builder.EnableArrays();
        builder.EnableTransportSecurity();
        _source = builder.Build();
        var head = new SharedRead<long>(async () => (await QueryAsync(SelectHead, static row => row.Integer(0), CancellationToken.None).ConfigureAwait(false))[0]);
        Feed = new ChangeFeed(loggers.CreateLogger<ChangeFeed>()) { Head = cancellationToken => new(head.ReadAsync().WaitAsync(cancellationToken)) };
        _writer = new PostgresWriter(_source, Feed, time, loggers.CreateLogger<PostgresWriter>());
        _feedReader = new PostgresFeedReader(_source, Feed, _writer, time, loggers.CreateLogger<PostgresFeedReader>());
    }

    /// <inheritdoc/>
    public ChangeFeed Feed { get; }

    /// <inheritdoc/>
    public ValueTask<List<T>> QueryAsync<T>(
        Statement statement, Func<SqlRow, T> read, CancellationToken cancellationToken, params ReadOnlySpan<SqlValue> arguments)
    {
        var command = _source.CreateCommand(statement.Sql);
        PostgresParameters.Add(command.Parameters, arguments, 0);
        return RunAsync(command, read, static (command, cancellation) => command.ExecuteReaderAsync(cancellation), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<List<T>> QueryEachAsync<T>(
        Statement statement, Func<SqlRow, T> read, IReadOnlyList<SqlValue[]> arguments, CancellationToken cancellationToken)
    {
        if (arguments.Count == 0) return new(new List<T>());
        var batch = _source.CreateBatch();
        foreach (var set in arguments)
        {
            var command = new NpgsqlBatchCommand(statement.Sql);
            PostgresParameters.Add(command.Parameters, set, 0);
            batch.BatchCommands.Add(command);
        }
        return RunAsync(batch, read, static (batch, cancellation) => batch.ExecuteReaderAsync(cancellation), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<CommitResult> CommitAsync(WriteUnit unit) => _writer.CommitAsync(unit);

    /// <inheritdoc/>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        var head = await PostgresMigrator.RunAsync(_source, cancellationToken).ConfigureAwait(false);
        if (Interlocked.Exchange(ref _started, true)) return;
        Feed.Start(head);
        _feedReader.Start();
    }

    /// <inheritdoc/>
    public Task PingAsync(CancellationToken cancellationToken) => QueryAsync(SelectHead, static row => row.Integer(0), cancellationToken).AsTask();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync().ConfigureAwait(false);
        await _feedReader.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<List<T>> RunAsync<TCommand, T>(
        TCommand command, Func<SqlRow, T> read, Func<TCommand, CancellationToken, Task<NpgsqlDataReader>> execute, CancellationToken cancellationToken)
        where TCommand : IAsyncDisposable
    {
        await using (command.ConfigureAwait(false))
        {
            for (var retries = 0; ; retries++)
            {
                try
                {
                    return await ReadAsync(await execute(command, cancellationToken).ConfigureAwait(false), read, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception exception) when (retries < MostRetries && exception.IsBrokenConnection())
                {
                    // A query may simply run again: most often its pooled connection broke while it was idle, and the others with it.
                    _source.Clear();
                }
                catch (Exception exception) when (exception.IsBrokenConnection())
                {
                    throw exception.AsUnavailable();
                }
            }
        }
    }

    private static async ValueTask<List<T>> ReadAsync<T>(NpgsqlDataReader reader, Func<SqlRow, T> read, CancellationToken cancellationToken)
    {
        await using (reader.ConfigureAwait(false))
        {
            List<T> rows = [];
            var row = new PostgresRow(reader);
            do
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) rows.Add(read(row));
            }
            while (await reader.NextResultAsync(cancellationToken).ConfigureAwait(false));
            return rows;
        }
    }
}
