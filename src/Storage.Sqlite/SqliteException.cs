namespace OrleansMatrix.Storage.Sqlite;

/// <summary>SQLite refused something.</summary>
/// <param name="code">The extended result code (sqlite.org/rescode.html).</param>
/// <param name="message">SQLite's message.</param>
public sealed class SqliteException(int code, string message) : Exception($"SQLite error {code}: {message}")
{
    /// <summary>The extended result code.</summary>
    public int Code { get; } = code;

    /// <summary>True if a constraint of the schema was violated.</summary>
    public bool IsConstraint => (Code & 0xff) == Native.SqliteApi.Constraint;
}
