namespace OrleansMatrix.Storage.Sql;

internal static class SqlExtensions
{
    /// <summary>Longest list given to one query.</summary>
    private const int ChunkSize = 1000;

    public static void Add(this WriteUnit unit, Statement statement, params SqlValue[] arguments) => unit.Add(new SqlWrite(statement, arguments));

    /// <summary>The same rows under the seam's type.</summary>
    public static ValueTask<IReadOnlyList<T>> AsReadOnly<T>(this ValueTask<List<T>> rows)
    {
        return rows.IsCompletedSuccessfully ? new(rows.Result) : Wait(rows);

        static async ValueTask<IReadOnlyList<T>> Wait(ValueTask<List<T>> rows) => await rows.ConfigureAwait(false);
    }

    /// <summary>The first row, or null.</summary>
    public static ValueTask<T?> FirstAsync<T>(
        this ISqlDatabase database, Statement statement, Func<SqlRow, T> read, CancellationToken cancellationToken, params ReadOnlySpan<SqlValue> arguments)
        where T : class
    {
        var rows = database.QueryAsync(statement, read, cancellationToken, arguments);
        return rows.IsCompletedSuccessfully ? new(FirstOrNull(rows.Result)) : Wait(rows);

        static async ValueTask<T?> Wait(ValueTask<List<T>> rows) => FirstOrNull(await rows.ConfigureAwait(false));
        static T? FirstOrNull(List<T> rows) => rows.Count > 0 ? rows[0] : null;
    }

    /// <summary>Runs a write with a RETURNING clause in a unit of its own.</summary>
    public static async Task<List<T>> WriteAsync<T>(
        this ISqlDatabase database, WriteUnit unit, Statement statement, Func<SqlRow, T> read, params SqlValue[] arguments)
    {
        var write = new SqlReturning<T>(statement, read, arguments);
        unit.Add(write);
        await database.CommitAsync(unit).ConfigureAwait(false);
        return write.Rows;
    }

    /// <summary>Runs a query whose first parameter is a list, in chunks of a bounded size. Repeated keys are asked once.</summary>
    public static ValueTask<List<T>> QueryListAsync<T>(this ISqlDatabase database, Statement statement, Func<SqlRow, T> read, IReadOnlyCollection<string> keys,
        CancellationToken cancellationToken, params ReadOnlySpan<SqlValue> more)
    {
        if (keys.Count == 0) return new(new List<T>());
        var arguments = new SqlValue[more.Length + 1];
        more.CopyTo(arguments.AsSpan(1));
        if (keys.Count > ChunkSize) return Chunked(database, statement, read, keys, arguments, cancellationToken);
        arguments[0] = SqlValue.List(keys);
        return database.QueryAsync(statement, read, cancellationToken, arguments);

        static async ValueTask<List<T>> Chunked(ISqlDatabase database, Statement statement, Func<SqlRow, T> read, IReadOnlyCollection<string> keys,
            SqlValue[] arguments, CancellationToken cancellationToken)
        {
            List<T> all = [];
            foreach (var chunk in keys.Distinct().Chunk(ChunkSize))
            {
                arguments[0] = chunk;
                all.AddRange(await database.QueryAsync(statement, read, cancellationToken, arguments).ConfigureAwait(false));
            }
            return all;
        }
    }
}
