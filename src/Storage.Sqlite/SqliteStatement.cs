using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using OrleansMatrix.Storage.Sql;
using OrleansMatrix.Storage.Sqlite.Native;

namespace OrleansMatrix.Storage.Sqlite;

/// <summary>A prepared statement, and the row it stands at.</summary>
internal sealed unsafe class SqliteStatement(SqliteConnection connection, nint handle) : SqlRow, IDisposable
{
    private const int StackBytes = 1024;
    private const int TypeNull = 5;
    private const int RememberedColumns = 12;
    private const int LongestRemembered = 255;
    private readonly string?[] _last = new string?[RememberedColumns];

    /// <summary>Sets the parameters; slot i becomes <paramref name="firstPosition"/> + i.</summary>
    public void Bind(ReadOnlySpan<SqlValue> values, long firstPosition)
    {
        for (var i = 0; i < values.Length; i++)
        {
            ref readonly var value = ref values[i];
            connection.Check(value.IsNull ? SqliteApi.BindNull(handle, i + 1) : value.Type switch
            {
                SqlType.Integer => SqliteApi.BindInteger(handle, i + 1, value.Integer),
                SqlType.Position => SqliteApi.BindInteger(handle, i + 1, firstPosition + value.Integer),
                SqlType.Text => BindText(i + 1, SqlText.Escape(value.Text)),
                SqlType.Blob => BindBlob(i + 1, value.Blob.Span),
                _ => BindTexts(i + 1, value.Texts),
            });
        }
    }

    /// <summary>Goes to the next row; false at the end.</summary>
    public bool Step()
    {
        var code = SqliteApi.Step(handle);
        if (code == SqliteApi.Row) return true;
        if (code != SqliteApi.Done) connection.Check(code);
        return false;
    }

    /// <summary>Makes it ready to run again.</summary>
    public void Reset() => _ = SqliteApi.Reset(handle);   // repeats the error of the last step, which was reported

    /// <inheritdoc/>
    public override bool IsNull(int column) => SqliteApi.ColumnType(handle, column) == TypeNull;

    /// <inheritdoc/>
    public override long Integer(int column) => SqliteApi.ColumnInteger(handle, column);

    /// <inheritdoc/>
    public override string Text(int column)
    {
        var text = SqliteApi.ColumnText(handle, column);
        var bytes = new ReadOnlySpan<byte>(text, SqliteApi.ColumnBytes(handle, column));
        if (column >= RememberedColumns || bytes.Length > LongestRemembered) return Decode(bytes);
        // Rows of one query often share their room, type or sender: one string serves them all.
        ref var last = ref _last[column];
        return last is not null && Ascii.Equals(bytes, last) ? last : last = Decode(bytes);
    }

    /// <inheritdoc/>
    public override byte[] Blob(int column) => Bytes(column).ToArray();

    /// <inheritdoc/>
    public override StateNodeId Node(int column) => new(BinaryPrimitives.ReadUInt128BigEndian(Bytes(column)));

    /// <inheritdoc/>
    public void Dispose() => _ = SqliteApi.FinalizeStatement(handle);

    private static string Decode(ReadOnlySpan<byte> utf8) => SqlText.Unescape(Encoding.UTF8.GetString(utf8));

    private ReadOnlySpan<byte> Bytes(int column)
    {
        var blob = SqliteApi.ColumnBlob(handle, column);
        return new(blob, SqliteApi.ColumnBytes(handle, column));
    }

    private int BindText(int index, string text)
    {
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (most <= StackBytes)
        {
            var buffer = stackalloc byte[StackBytes];
            return SqliteApi.BindText(handle, index, buffer, Encoding.UTF8.GetBytes(text, new Span<byte>(buffer, StackBytes)), SqliteApi.Transient);
        }
        var rented = ArrayPool<byte>.Shared.Rent(most);
        try
        {
            fixed (byte* buffer = rented) return SqliteApi.BindText(handle, index, buffer, Encoding.UTF8.GetBytes(text, rented), SqliteApi.Transient);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private int BindBlob(int index, ReadOnlySpan<byte> blob)
    {
        if (blob.IsEmpty) return SqliteApi.BindZeroBlob(handle, index, 0);
        fixed (byte* bytes = blob) return SqliteApi.BindBlob(handle, index, bytes, blob.Length, SqliteApi.Transient);
    }

    private int BindTexts(int index, IReadOnlyCollection<string> texts)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * (texts.Count + 1));
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartArray();
        foreach (var text in texts) writer.WriteStringValue(SqlText.Escape(text));
        writer.WriteEndArray();
        writer.Flush();
        fixed (byte* json = buffer.WrittenSpan) return SqliteApi.BindText(handle, index, json, buffer.WrittenCount, SqliteApi.Transient);
    }
}
