using Npgsql;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>The row an Npgsql reader stands at.</summary>
internal sealed class PostgresRow(NpgsqlDataReader reader) : SqlRow
{
    public override bool IsNull(int column) => reader.IsDBNull(column);
    public override long Integer(int column) => reader.GetInt64(column);
    public override string Text(int column) => SqlText.Unescape(reader.GetString(column));
    public override byte[] Blob(int column) => reader.GetFieldValue<byte[]>(column);
}
