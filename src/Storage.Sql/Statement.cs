namespace OrleansMatrix.Storage.Sql;

/// <summary>
/// One SQL statement, written once for all back ends in PostgreSQL's form: parameters are <c>$1</c>, <c>$2</c> …, a list is matched by <c>= ANY($n)</c>, and made
/// rows by <c>FROM unnest($n) value</c>.
/// Instances are constants of the stores; connections keep a prepared form of each.
/// </summary>
/// <param name="sql">The text.</param>
/// <param name="key">
/// For an insert that many units do: how many leading parameters make the row's key. A back end may then join the inserts of a group of units into one of many
/// rows. Of rows with equal keys the last one wins if <paramref name="conflict"/> is null. 0: never joined.
/// </param>
/// <param name="conflict">What a violated constraint means to the caller (<see cref="ConflictException"/>); null: a violated constraint is a fault.</param>
public sealed class Statement(string sql, string? conflict = null, int key = 0)
{
    public string Sql { get; } = sql;
    public string? Conflict { get; } = conflict;
    public int Key { get; } = key;
    public override string ToString() => Sql;
}
