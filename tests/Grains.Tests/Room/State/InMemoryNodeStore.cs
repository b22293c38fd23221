using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.Room.State;

/// <summary>A node on its way to an <see cref="InMemoryNodeStore"/>.</summary>
internal sealed class NodeWrite(StateNodeId id, ReadOnlyMemory<byte> node) : StorageWrite
{
    public StateNodeId Id { get; } = id;

    public ReadOnlyMemory<byte> Node { get; } = node;
}

/// <summary>A node store in memory that counts its reads.</summary>
internal sealed class InMemoryNodeStore : IStateNodeStore
{
    public Dictionary<StateNodeId, ReadOnlyMemory<byte>> Nodes { get; } = [];
    public int NodesRead { get; set; }

    public void Put(WriteUnit unit, StateNodeId id, ReadOnlyMemory<byte> node) => unit.Add(new NodeWrite(id, node));

    public void Commit(WriteUnit unit)
    {
        foreach (var write in unit.Writes)
        {
            var node = (NodeWrite)write;
            Nodes[node.Id] = node.Node;
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
