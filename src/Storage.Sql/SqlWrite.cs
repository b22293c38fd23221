namespace OrleansMatrix.Storage.Sql;

/// <summary>A buffered write of a <see cref="WriteUnit"/>: a statement and its parameters, positions still open.</summary>
public class SqlWrite(Statement statement, SqlValue[] arguments) : StorageWrite
{
    public Statement Statement { get; } = statement;
    public IReadOnlyList<SqlValue> Arguments => arguments;
    public ReadOnlySpan<SqlValue> Values => arguments;

    /// <summary>True if the statement returns rows, which go to <see cref="Read"/>.</summary>
    public virtual bool HasRows => false;

    /// <summary>Called before the write runs; it may run again after a failed attempt of the batch.</summary>
    public virtual void Reset() { }

    /// <summary>Takes one returned row.</summary>
    public virtual void Read(SqlRow row) { }
}

/// <summary>A write with a RETURNING clause; holds what the attempt that was committed returned.</summary>
public sealed class SqlReturning<T>(Statement statement, Func<SqlRow, T> read, SqlValue[] arguments) : SqlWrite(statement, arguments)
{
    public List<T> Rows { get; } = [];
    public override bool HasRows => true;
    public override void Reset() => Rows.Clear();
    public override void Read(SqlRow row) => Rows.Add(read(row));
}
