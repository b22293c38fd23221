using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.Room.State;

/// <summary>A node store in memory that counts its reads.</summary>
internal sealed class InMemoryNodeStore : IStateNodeStore
{
    public Dictionary<StateNodeId, ReadOnlyMemory<byte>> Nodes { get; } = [];
    public int NodesRead { get; set; }

    public void Put(WriteUnit unit, StateNodeId id, ReadOnlyMemory<byte> node) => unit.Add((id, node));

    public void Commit(WriteUnit unit)
    {
        foreach (var write in unit.Writes)
        {
            var (id, node) = ((StateNodeId, ReadOnlyMemory<byte>))write;
            Nodes[id] = node;
        }
    }

    public ValueTask<ReadOnlyMemory<byte>> GetAsync(StateNodeId id, CancellationToken cancellationToken = default)
    {
        NodesRead++;
        return Nodes.TryGetValue(id, out var node) ? new(node) : throw new InvalidDataException($"no node {id}");
    }

    public ValueTask<IReadOnlyDictionary<StateNodeId, ReadOnlyMemory<byte>>> GetManyAsync(
        IReadOnlyCollection<StateNodeId> ids, CancellationToken cancellationToken = default)
    {
        var found = new Dictionary<StateNodeId, ReadOnlyMemory<byte>>();
        foreach (var id in ids)
        {
            if (Nodes.TryGetValue(id, out var node))
            {
                NodesRead++;
                found[id] = node;
            }
        }

        return new(found);
    }
}
