using System.Reflection;
using OrleansMatrix.Storage.Sql;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

/// <summary>No statement reads a whole table, unless the whole table is what it is about, and none sorts a room.</summary>
public sealed class QueryPlanTests
{
    /// <summary>Lists and searches over all of something, on rare paths.</summary>
    private static readonly string[] MayScan =
    [
        "SELECT count(*) FROM accounts", "FROM room_summaries WHERE room_id IN", "FROM user_directory", "FROM registration_tokens ORDER BY",
            "FROM accounts WHERE user_id > ?1",
        "SELECT DISTINCT destination FROM outbox", "FROM reminders ORDER BY", "SELECT pos FROM stream_head", "FROM transactions WHERE (user_id", "FROM reports",
        "FROM partial_rooms WHERE filled_at IS NULL ORDER",
        "SELECT DISTINCT room_id FROM staged_pdus", "SELECT DISTINCT user_id FROM account_cleanups", "SELECT DISTINCT user_id FROM pushers",
        "LEFT JOIN search_rooms s ON s.room_id = r.room_id WHERE r.room_id >",
    ];

    private static IEnumerable<string> Statements() => typeof(SqlStorage).Assembly.GetTypes()
        .SelectMany(static type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        .SelectMany(static field => field.GetValue(null) switch { Statement one => [one], Statement[] many => many, _ => Array.Empty<Statement>() })
        .Select(static statement => SqliteDialect.Translate(statement.Sql)).Distinct();

    [Fact]
    public void Every_statement_finds_its_rows_by_an_index()
    {
        using var folder = new TemporaryFolder();
        SqliteMigrator.Run(folder.File("plans.db"));
        using var connection = new SqliteConnection(folder.File("plans.db"), "");
        var statements = Statements().ToArray();
        Assert.True(statements.Length > 100);

        List<string> scans = [];
        foreach (var sql in statements.Where(sql => !MayScan.Any(sql.Contains)))
        {
            var plan = connection.Prepare(new Statement($"EXPLAIN QUERY PLAN {sql}"));
            while (plan.Step())
            {
                var sorts = plan.Text(3) == "USE TEMP B-TREE FOR ORDER BY" && sql.Contains("FROM events", StringComparison.Ordinal);
                if (sorts || IsScan(plan.Text(3))) scans.Add($"{plan.Text(3)}: {sql}");
            }
        }

        Assert.Empty(scans);
    }

    // A list that the statement was given is read whole: json_each, or by the name that a statement gives to its rows.
    private static bool IsScan(string step) =>
        step.StartsWith("SCAN ", StringComparison.Ordinal) && !step.Contains("json_each", StringComparison.Ordinal) &&
            !step.StartsWith("SCAN value VIRTUAL TABLE", StringComparison.Ordinal) &&
            !step.Contains("CONSTANT ROW", StringComparison.Ordinal) && !step.StartsWith("SCAN (subquery", StringComparison.Ordinal);
}
