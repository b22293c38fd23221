using System.Text;
using Microsoft.Data.Sqlite;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>
/// Reads every JSON column of a database, which it finds in the schema: the BLOB columns in which some value is a JSON object or list. In such a column every
/// value must be readable.
/// </summary>
internal static class StoredJson
{
    // Columns that hold JSON in some rows only, and which.
    private static readonly Dictionary<string, string> s_only = new(StringComparer.Ordinal)
    {
        ["outbox.edu"] = $"kind IN ({(int)OutboxKind.Ephemeral}, {(int)OutboxKind.ToDevice})",
    };

    /// <summary>The first stored JSON that cannot be read, with its table and column; null if there is none.</summary>
    public static string? FindUnreadable(string file)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false };
        using var connection = new SqliteConnection(settings.ToString());
        connection.Open();
        foreach (var (table, column) in Columns(connection))
        {
            var only = s_only.GetValueOrDefault($"{table}.{column}", "TRUE");
            var query = $"""SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL AND {only}""";
            var values = Read(connection, query, static row => row.GetFieldValue<byte[]>(0));
            var isJson = values.Any(static v => v is [(byte)'{' or (byte)'[', ..] && JsonText.IsReadable(v));
            if (isJson && values.Find(static v => !JsonText.IsReadable(v)) is { } bad)
                return $"{table}.{column}: {Encoding.UTF8.GetString(bad.AsSpan(..Math.Min(bad.Length, 500)))}";
        }

        return null;
    }

    private static List<(string Table, string Column)> Columns(SqliteConnection connection) => Read(
        connection, "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'BLOB'",
        static row => (row.GetString(0), row.GetString(1)));

    private static List<T> Read<T>(SqliteConnection connection, string query, Func<SqliteDataReader, T> read)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of the schema, no input.
        command.CommandText = query;
#pragma warning restore CA2100
        using var rows = command.ExecuteReader();
        var values = new List<T>();
        while (rows.Read())
            values.Add(read(rows));
        return values;
    }
}
