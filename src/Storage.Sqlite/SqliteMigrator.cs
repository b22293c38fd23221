using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>Applies the missing migrations, each in a transaction of its own that holds the write lock.</summary>
internal static class SqliteMigrator
{
    private static readonly Statement Begin = new("BEGIN IMMEDIATE");
    private static readonly Statement Commit = new("COMMIT");
    private static readonly Statement Applied = new("SELECT MAX(number) FROM migrations");
    private static readonly Statement Record = new("INSERT INTO migrations (number, name) VALUES ($1, $2)");
    private static readonly Statement Head = new("SELECT pos FROM stream_head");

    /// <summary>Brings the file up to date and gives the head of the stream.</summary>
    /// <exception cref="InvalidDataException">The file was written by a newer version.</exception>
    public static long Run(string path)
    {
        var migrations = Migration.Of(typeof(SqliteMigrator).Assembly);
        using var connection = new SqliteConnection(path, SqliteWriter.Settings);
        connection.Run(Begin);
        connection.Execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
        var applied = connection.Integer(Applied) ?? 0;
        if (applied > migrations[^1].Number)
            throw new InvalidDataException($"the database is at migration {applied}, this version knows {migrations[^1].Number}");
        foreach (var migration in migrations.Where(migration => migration.Number > applied))
        {
            connection.Execute(migration.Sql);
            connection.Run(Record, migration.Number, migration.Name);
        }
        connection.Run(Commit);
        return connection.Integer(Head) ?? 0;
    }
}
