namespace OrleansMatrix.Storage.Sql;

/// <summary>What a back end gives to the stores: queries and the commit.</summary>
public interface ISqlDatabase : IAsyncDisposable
{
    ChangeFeed Feed { get; }

    /// <summary>Runs a query and reads all rows.</summary>
    ValueTask<List<T>> QueryAsync<T>(Statement statement, Func<SqlRow, T> read, CancellationToken cancellationToken, params ReadOnlySpan<SqlValue> arguments);

    /// <summary>Runs the query once for each set of arguments, in as few round trips as possible; the rows in the order of the sets.</summary>
    ValueTask<List<T>> QueryEachAsync<T>(Statement statement, Func<SqlRow, T> read, IReadOnlyList<SqlValue[]> arguments, CancellationToken cancellationToken);

    /// <inheritdoc cref="IStorage.CommitAsync"/>
    Task<CommitResult> CommitAsync(WriteUnit unit);

    /// <inheritdoc cref="IStorage.MigrateAsync"/>
    Task MigrateAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="IStorage.PingAsync"/>
    Task PingAsync(CancellationToken cancellationToken);
}
