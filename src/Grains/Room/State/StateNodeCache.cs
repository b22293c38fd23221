using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.State;

/// <summary>
/// Decoded state nodes of all rooms of a silo, the least recently used dropped beyond a number of bytes. Nodes never change, so the cache is never wrong;
/// it holds nothing that storage lacks. Thread-safe.
/// </summary>
public sealed class StateNodeCache(IStateNodeStore store, long maxBytes = StateNodeCache.DefaultMaxBytes)
{
    public const long DefaultMaxBytes = 32 << 20;
    private readonly LruCache<StateNodeId, StateNode> _nodes = new(maxBytes, static node => node.Weight);

    /// <summary>Rough size in memory of what is cached.</summary>
    public long Bytes => _nodes.Weight;

    internal bool TryGet(StateNodeId id, out StateNode? node)
    {
        var hit = _nodes.TryGet(id, out node);
        GrainMetrics.StateNode(hit);
        return hit;
    }

    internal void Add(StateNodeId id, StateNode node) => _nodes.Set(id, node);

    internal ValueTask<StateNode> GetAsync(StateNodeId id, CancellationToken cancellationToken) =>
        TryGet(id, out var node) ? new ValueTask<StateNode>(node!) : LoadAsync(id, cancellationToken);

    /// <summary>The nodes of all ids, in one trip to storage for those not cached.</summary>
    internal async ValueTask<IReadOnlyDictionary<StateNodeId, StateNode>> GetManyAsync(
        IReadOnlyCollection<StateNodeId> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<StateNodeId, StateNode>(ids.Count);
        HashSet<StateNodeId>? missing = null;
        foreach (var id in ids)
        {
            if (TryGet(id, out var node))
                found[id] = node!;
            else
                (missing ??= []).Add(id);
        }

        if (missing is null)
            return found;
        var stored = await store.GetManyAsync(missing, cancellationToken);
        foreach (var id in missing)
        {
            if (!stored.TryGetValue(id, out var bytes))
                throw new InvalidDataException($"state node {id} is missing");
            var node = StateNodeCodec.Decode(bytes.Span);
            Add(id, node);
            found[id] = node;
        }

        return found;
    }

    private async ValueTask<StateNode> LoadAsync(StateNodeId id, CancellationToken cancellationToken)
    {
        var node = StateNodeCodec.Decode((await store.GetAsync(id, cancellationToken)).Span);
        Add(id, node);
        return node;
    }
}
