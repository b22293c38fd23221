using System.Text.RegularExpressions;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>Turns a statement's text into SQLite's: <c>?1</c> for <c>$1</c>, and lists as a JSON array.</summary>
internal static partial class SqliteDialect
{
    public static string Translate(string sql) => AnyOf().Replace(sql, "IN (SELECT value FROM json_each($1))").Replace('$', '?');

    [GeneratedRegex(@"= ANY\((\$\d+)\)", RegexOptions.CultureInvariant)]
    private static partial Regex AnyOf();
}
