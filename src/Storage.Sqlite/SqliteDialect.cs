using System.Text.RegularExpressions;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>Turns a statement's text into SQLite's: <c>?1</c> for <c>$1</c>, and lists as a JSON array.</summary>
internal static partial class SqliteDialect
{
    // SQLite plans by a bare parameter behind LIMIT, and so prepares the statement again, for ten times its cost, whenever the parameter is bound.
    public static string Translate(string sql) => Limit().Replace(AnyOf().Replace(sql, "IN (SELECT value FROM json_each($1))"), "$0 + 0").Replace('$', '?');

    [GeneratedRegex(@"= ANY\((\$\d+)\)", RegexOptions.CultureInvariant)]
    private static partial Regex AnyOf();

    [GeneratedRegex(@"LIMIT \$\d+", RegexOptions.CultureInvariant)]
    private static partial Regex Limit();
}
