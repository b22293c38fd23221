namespace OrleansMatrix.Storage.Sql;

/// <summary>
/// One SQL statement, written once for all back ends in PostgreSQL's form: parameters are <c>$1</c>, <c>$2</c> …, a list is matched by <c>= ANY($n)</c>.
/// Instances are constants of the stores; connections keep a prepared form of each.
/// </summary>
/// <param name="sql">The text.</param>
/// <param name="conflict">What a violated constraint means to the caller (<see cref="ConflictException"/>); null: a violated constraint is a fault.</param>
public sealed class Statement(string sql, string? conflict = null)
{
    public string Sql { get; } = sql;
    public string? Conflict { get; } = conflict;
    public override string ToString() => Sql;
}
