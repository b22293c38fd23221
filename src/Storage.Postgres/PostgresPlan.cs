using System.Globalization;
using System.Text.RegularExpressions;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>What the commit loop, which alone uses it, knows of a writing statement.</summary>
internal sealed partial class PostgresPlan
{
    /// <summary>Where the stream stood when the transaction began to write, as <see cref="PostgresWriter"/> left it in the session.</summary>
    public const string Head = "current_setting('matrix.head')::bigint";

    private readonly Statement _statement;
    private readonly Dictionary<ulong, string> _alone = [];
    private readonly Dictionary<ulong, string> _joined = [];

    private PostgresPlan(Statement statement)
    {
        _statement = statement;
        Table = TableName().Match(statement.Sql).Groups[1].Value;
        LastWins = statement.Conflict is null && statement.Sql.Contains("ON CONFLICT", StringComparison.Ordinal);
    }

    /// <summary>The table it writes to.</summary>
    public string Table { get; }

    /// <summary>Whether many rows may be inserted at once.</summary>
    public bool IsForJoining => _statement.Key > 0;

    /// <summary>True if of several rows with one key only the last counts; else they are left to violate the table's constraint.</summary>
    public bool LastWins { get; }

    public static PostgresPlan Of(Statement statement) => new(statement);

    /// <summary>Which of the values are positions: bit i stands for value i.</summary>
    public static ulong PositionsIn(ReadOnlySpan<SqlValue> values)
    {
        var positions = 0UL;
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i].Type == SqlType.Position) positions |= 1UL << i;
        }
        return positions;
    }

    /// <summary>The text for one write, which counts the <paramref name="positions"/> among its parameters from the head on.</summary>
    public string Alone(ulong positions)
    {
        if (!_alone.TryGetValue(positions, out var sql)) _alone.Add(positions, sql = Rename(_statement.Sql, positions, "$"));
        return sql;
    }

    /// <summary>The form that inserts many rows, taking an array for each parameter.</summary>
    public string Joined(ulong positions)
    {
        if (!_joined.TryGetValue(positions, out var sql)) _joined.Add(positions, sql = Join(_statement.Sql, positions));
        return sql;
    }

    private static string Join(string sql, ulong positions)
    {
        var values = Values().Match(sql);
        var columns = Parameter().Count(values.Value);
        var arrays = string.Join(", ", Enumerable.Range(1, columns).Select(i => $"${i}"));
        var names = string.Join(", ", Enumerable.Range(1, columns).Select(i => $"p{i}"));
        var select = $"SELECT {Rename(values.Groups[1].Value, positions, "p")} FROM unnest({arrays}) AS rows ({names})";
        return string.Concat(sql.AsSpan(0, values.Index), select, sql.AsSpan(values.Index + values.Length));
    }

    private static string Rename(string sql, ulong positions, string prefix) => Parameter().Replace(sql, parameter =>
    {
        var number = int.Parse(parameter.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        return (positions >> (number - 1) & 1) == 0 ? $"{prefix}{number}" : $"({Head} + {prefix}{number})";
    });

    [GeneratedRegex(@"(?:INTO|UPDATE|FROM)\s+(\w+)", RegexOptions.CultureInvariant)]
    private static partial Regex TableName();

    [GeneratedRegex(@"VALUES \(([^)]*)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Values();

    [GeneratedRegex(@"\$(\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Parameter();
}
