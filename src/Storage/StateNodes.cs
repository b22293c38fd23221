using System.Globalization;

namespace OrleansMatrix.Storage;

/// <summary>The content address of an immutable node of a room's state map: the first 128 bits of SHA-256 over its encoding.</summary>
public readonly record struct StateNodeId(UInt128 Value)
{
    /// <summary>The empty state.</summary>
    public static readonly StateNodeId Empty;
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

public interface IStateNodeStore
{
    /// <summary>Stores a node; does nothing if it is there (equal id means equal content).</summary>
    void Put(WriteUnit unit, StateNodeId id, ReadOnlyMemory<byte> node);
    /// <summary>The node's encoding. A missing node is a fault (<see cref="InvalidDataException"/>).</summary>
    ValueTask<ReadOnlyMemory<byte>> GetAsync(StateNodeId id, CancellationToken cancellationToken = default);
    ValueTask<IReadOnlyDictionary<StateNodeId, ReadOnlyMemory<byte>>> GetManyAsync(
        IReadOnlyCollection<StateNodeId> ids, CancellationToken cancellationToken = default);
}
