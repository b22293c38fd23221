using System.Text;
using Microsoft.Data.Sqlite;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.TestSupport;

/// <summary>The JSON columns of a SQLite database, which it finds in the schema: the BLOB columns in which some value is a JSON object or list.</summary>
public static class StoredJson
{
    // Columns that hold JSON in some rows only, and which.
    private static readonly Dictionary<string, string> s_only = new(StringComparer.Ordinal)
    {
        ["outbox.edu"] = $"kind IN ({(int)OutboxKind.Ephemeral}, {(int)OutboxKind.ToDevice})",
    };

    /// <summary>The first stored JSON that cannot be read, with its table and column, where every value of a JSON column must be readable; null if there is none.</summary>
    public static string? FindUnreadable(string file)
    {
        using var connection = Open(file, SqliteOpenMode.ReadOnly);
        foreach (var (table, column) in Blobs(connection))
        {
            var values = ValuesOf(connection, table, column);
            if (values.Exists(IsJson) && values.Find(static v => !JsonText.IsReadable(v)) is { } bad)
                return $"{table}.{column}: {Encoding.UTF8.GetString(bad.AsSpan(..Math.Min(bad.Length, 500)))}";
        }

        return null;
    }

    /// <summary>All JSON columns.</summary>
    public static IReadOnlyList<(string Table, string Column)> Columns(string file)
    {
        using var connection = Open(file, SqliteOpenMode.ReadOnly);
        return [.. Blobs(connection).Where(place => ValuesOf(connection, place.Table, place.Column).Exists(IsJson))];
    }

    /// <summary>Puts something else into the first and into the last row of a column that has JSON.</summary>
    public static void Replace(string file, string table, string column, byte[] value)
    {
        using var connection = Open(file, SqliteOpenMode.ReadWrite);
        var values = ValuesOf(connection, table, column).FindAll(IsJson);
        foreach (var known in new[] { values[0], values[^1] })
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of the schema, no input.
            command.CommandText = $"""UPDATE "{table}" SET "{column}" = $value WHERE "{column}" = $known""";
#pragma warning restore CA2100
            command.Parameters.AddWithValue("$value", value);
            command.Parameters.AddWithValue("$known", known);
            command.ExecuteNonQuery();
        }
    }

    private static bool IsJson(byte[] value) => value is [(byte)'{' or (byte)'[', ..] && JsonText.IsReadable(value);

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static List<byte[]> ValuesOf(SqliteConnection connection, string table, string column) => Read(
        connection, $"""SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL AND {s_only.GetValueOrDefault($"{table}.{column}", "TRUE")}""",
        static row => row.GetFieldValue<byte[]>(0));

    private static List<(string Table, string Column)> Blobs(SqliteConnection connection) => Read(
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
