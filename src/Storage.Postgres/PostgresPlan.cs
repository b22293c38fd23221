using System.Text.RegularExpressions;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>What the commit loop knows of a writing statement.</summary>
internal sealed partial class PostgresPlan
{
    private PostgresPlan(Statement statement)
    {
        Table = TableName().Match(statement.Sql).Groups[1].Value;
        if (statement.Key == 0) return;
        var values = Values().Match(statement.Sql);
        var columns = Parameter().Count(values.Value);
        var arrays = string.Join(", ", Enumerable.Range(1, columns).Select(i => $"${i}"));
        var names = string.Join(", ", Enumerable.Range(1, columns).Select(i => $"p{i}"));
        var select = $"SELECT {Parameter().Replace(values.Groups[1].Value, "p$1")} FROM unnest({arrays}) AS rows ({names})";
        JoinedSql = string.Concat(statement.Sql.AsSpan(0, values.Index), select, statement.Sql.AsSpan(values.Index + values.Length));
        LastWins = statement.Conflict is null && statement.Sql.Contains("ON CONFLICT", StringComparison.Ordinal);
    }

    /// <summary>The table it writes to.</summary>
    public string Table { get; }

    /// <summary>The form that inserts many rows, taking an array for each parameter; null if the statement is not for joining.</summary>
    public string? JoinedSql { get; }

    /// <summary>True if of several rows with one key only the last counts; else they are left to violate the table's constraint.</summary>
    public bool LastWins { get; }

    public static PostgresPlan Of(Statement statement) => new(statement);

    [GeneratedRegex(@"(?:INTO|UPDATE|FROM)\s+(\w+)", RegexOptions.CultureInvariant)]
    private static partial Regex TableName();

    [GeneratedRegex(@"VALUES \(([^)]*)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Values();

    [GeneratedRegex(@"\$(\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Parameter();
}
