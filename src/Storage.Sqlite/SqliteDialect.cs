using System.Text;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>Turns a statement's text into SQLite's: <c>?1</c> for <c>$1</c>, and lists as a JSON array.</summary>
internal static class SqliteDialect
{
    private const string AnyOf = "= ANY(";
    private const string Rows = "unnest(";
    private const string Limit = "LIMIT ";

    // By hand: two regular expressions would be the only ones of a start, which then loads and keeps their library.
    public static string Translate(string sql)
    {
        var text = new StringBuilder(sql.Length + 64);
        for (var at = 0; at < sql.Length;)
        {
            if (sql[at] != '$')
            {
                text.Append(sql[at++]);
                continue;
            }

            var end = at + 1;
            while (end < sql.Length && char.IsAsciiDigit(sql[end]))
                end++;
            var before = sql.AsSpan(0, at);
            if (before.EndsWith(AnyOf, StringComparison.Ordinal))
                text.Remove(text.Length - AnyOf.Length, AnyOf.Length).Append("IN (SELECT value FROM json_each(");
            else if (before.EndsWith(Rows, StringComparison.Ordinal))
                text.Remove(text.Length - Rows.Length, Rows.Length).Append("json_each(");
            text.Append('?').Append(sql, at + 1, end - at - 1);
            if (before.EndsWith(AnyOf, StringComparison.Ordinal))
                text.Append(')');

            // SQLite plans by a bare parameter behind LIMIT, and so prepares the statement again, for ten times its cost, whenever the parameter is bound.
            if (before.EndsWith(Limit, StringComparison.Ordinal))
                text.Append(" + 0");
            at = end;
        }

        return text.ToString();
    }
}
