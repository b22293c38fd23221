using Npgsql;
using NpgsqlTypes;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>Turns the seam's values into Npgsql's parameters, typed so that no null is ambiguous.</summary>
internal static class PostgresParameters
{
    /// <summary>Adds one parameter for each value; slot i becomes <paramref name="firstPosition"/> + i.</summary>
    public static void Add(NpgsqlParameterCollection parameters, ReadOnlySpan<SqlValue> values, long firstPosition)
    {
        foreach (ref readonly var value in values)
        {
            parameters.Add(value.IsNull ? new NpgsqlParameter { NpgsqlDbType = TypeOf(value.Type), Value = DBNull.Value } : value.Type switch
            {
                SqlType.Integer => Integer(value.Integer),
                SqlType.Position => Integer(firstPosition + value.Integer),
                SqlType.Text => Text(value.Text),
                SqlType.Blob => new NpgsqlParameter<ReadOnlyMemory<byte>> { NpgsqlDbType = NpgsqlDbType.Bytea, TypedValue = value.Blob },
                _ => Texts([.. value.Texts.Select(SqlText.Escape)]),
            });
        }
    }

    public static NpgsqlParameter Integer(long value) => new NpgsqlParameter<long> { NpgsqlDbType = NpgsqlDbType.Bigint, TypedValue = value };

    public static NpgsqlParameter Text(string value) => new NpgsqlParameter<string> { NpgsqlDbType = NpgsqlDbType.Text, TypedValue = SqlText.Escape(value) };

    public static NpgsqlParameter Texts(string?[] values) =>
        new NpgsqlParameter<string?[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, TypedValue = values };

    public static NpgsqlParameter Integers(long[] values) =>
        new NpgsqlParameter<long[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint, TypedValue = values };

    public static NpgsqlParameter Blobs(byte[]?[] values) =>
        new NpgsqlParameter<byte[]?[]> { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea, TypedValue = values };

    private static NpgsqlDbType TypeOf(SqlType type) => type switch
    {
        SqlType.Integer or SqlType.Position => NpgsqlDbType.Bigint,
        SqlType.Text => NpgsqlDbType.Text,
        SqlType.Blob => NpgsqlDbType.Bytea,
        _ => NpgsqlDbType.Array | NpgsqlDbType.Text,
    };
}
