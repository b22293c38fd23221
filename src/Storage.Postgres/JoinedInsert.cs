using Npgsql;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>Inserts of one statement gathered from the units of a group, with <paramref name="positions"/> among their values.</summary>
internal sealed class JoinedInsert(Statement statement, PostgresPlan plan, ulong positions)
{
    private readonly List<(SqlWrite Write, long FirstPosition)> _rows = [];
    private readonly Dictionary<string, int> _byKey = new(StringComparer.Ordinal);

    /// <summary>Takes the write; false if it cannot be joined: it has other positions, or a null number, which has no place in an array of numbers.</summary>
    public bool TryAdd(SqlWrite write, long firstPosition)
    {
        if (PostgresPlan.PositionsIn(write.Values) != positions) return false;
        foreach (ref readonly var value in write.Values)
        {
            if (value is { IsNull: true, Type: SqlType.Integer }) return false;
        }
        if (plan.LastWins)
        {
            var key = KeyOf(write);
            if (_byKey.TryGetValue(key, out var row))
            {
                _rows[row] = (write, firstPosition);
                return true;
            }
            _byKey.Add(key, _rows.Count);
        }
        _rows.Add((write, firstPosition));
        return true;
    }

    /// <summary>The command that inserts all rows.</summary>
    public NpgsqlBatchCommand ToCommand()
    {
        var command = new NpgsqlBatchCommand(plan.Joined(positions));
        var types = _rows[0].Write.Values;
        for (var column = 0; column < types.Length; column++)
        {
            command.Parameters.Add(types[column].Type switch
            {
                SqlType.Text => PostgresParameters.Texts(Column(column, static (in value, _) => value.IsNull ? null : SqlText.Escape(value.Text))),
                SqlType.Blob => PostgresParameters.Blobs(Column(column, static (in value, _) => value.IsNull ? null : Bytes(value.Blob))),
                _ => PostgresParameters.Integers(
                Column(column, static (in value, first) => value.Type == SqlType.Position ? first + value.Integer : value.Integer)),
            });
        }
        return command;
    }

    private delegate T Convert<T>(in SqlValue value, long firstPosition);

    private T[] Column<T>(int column, Convert<T> convert)
    {
        var values = new T[_rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = convert(in _rows[i].Write.Values[column], _rows[i].FirstPosition);
        return values;
    }

    private string KeyOf(SqlWrite write)
    {
        var values = write.Values[..statement.Key];
        if (values is [{ Type: SqlType.Text } only]) return only.Text;
        return string.Join('\0', values.ToArray()
            .Select(static value => value.Type == SqlType.Text ? $"{value.Text.Length}:{value.Text}" : System.Convert.ToHexString(value.Blob.Span)));
    }

    private static byte[] Bytes(ReadOnlyMemory<byte> memory) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(memory, out var array) && array.Offset == 0 && array.Count == array.Array!.Length ? array.Array
            : memory.ToArray();
}
