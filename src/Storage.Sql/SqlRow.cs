using System.Buffers.Binary;

namespace OrleansMatrix.Storage.Sql;

/// <summary>The row a query stands at; valid only inside the reader function.</summary>
public abstract class SqlRow
{
    public abstract bool IsNull(int column);
    public abstract long Integer(int column);
    public abstract string Text(int column);
    public abstract byte[] Blob(int column);

    public bool Flag(int column) => Integer(column) != 0;
    public long? IntegerOrNull(int column) => IsNull(column) ? null : Integer(column);
    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);
    public ReadOnlyMemory<byte>? BlobOrNull(int column) => IsNull(column) ? (ReadOnlyMemory<byte>?)null : Blob(column);
    public virtual StateNodeId Node(int column) => new(BinaryPrimitives.ReadUInt128BigEndian(Blob(column)));
}
