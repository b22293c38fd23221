using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace OrleansMatrix.Storage.Sql;

/// <summary>The type of a <see cref="SqlValue"/>; nulls have a type too.</summary>
public enum SqlType : byte { Integer, Text, Blob, Texts, Position }

/// <summary>A parameter of a statement: a small union, so that numbers are not boxed.</summary>
public readonly struct SqlValue
{
    private static readonly object NotNull = new();
    private readonly object? _reference;
    private readonly long _number;

    private SqlValue(SqlType type, object? reference, long number)
    {
        Type = type;
        _reference = reference;
        _number = number;
    }

    public SqlType Type { get; }

    public bool IsNull => _reference is null;

    /// <summary>The number, or the slot's index.</summary>
    public long Integer => _number;

    public string Text => (string)_reference!;

    public ReadOnlyMemory<byte> Blob => new((byte[])_reference!, (int)(_number >> 32), (int)_number);

    public IReadOnlyCollection<string> Texts => (IReadOnlyCollection<string>)_reference!;

    public static implicit operator SqlValue(long value) => new(SqlType.Integer, NotNull, value);
    public static implicit operator SqlValue(long? value) => new(SqlType.Integer, value is null ? null : NotNull, value ?? 0);
    public static implicit operator SqlValue(bool value) => new(SqlType.Integer, NotNull, value ? 1 : 0);
    public static implicit operator SqlValue(string? value) => new(SqlType.Text, value, 0);
    public static implicit operator SqlValue(PositionSlot slot) => new(SqlType.Position, NotNull, slot.Index);
    public static implicit operator SqlValue(string[] values) => new(SqlType.Texts, values, 0);

    public static implicit operator SqlValue(ReadOnlyMemory<byte> value) =>
        MemoryMarshal.TryGetArray(value, out var array)
            ? new(SqlType.Blob, array.Array ?? [], ((long)array.Offset << 32) | (uint)array.Count)
            : new(SqlType.Blob, value.ToArray(), value.Length);

    public static implicit operator SqlValue(ReadOnlyMemory<byte>? value) => value is { } bytes ? (SqlValue)bytes : new(SqlType.Blob, null, 0);

    public static implicit operator SqlValue(StateNodeId id)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, id.Value);
        return new(SqlType.Blob, bytes, 16);
    }

    public static implicit operator SqlValue(StateNodeId? id) => id is { } value ? (SqlValue)value : new(SqlType.Blob, null, 0);

    /// <summary>A list for <c>= ANY($n)</c>.</summary>
    public static SqlValue List(IReadOnlyCollection<string> values) => new(SqlType.Texts, values, 0);
}
