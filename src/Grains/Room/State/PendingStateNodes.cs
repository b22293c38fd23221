using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.State;

/// <summary>
/// The nodes that a writer made and that are not known to be durable: they can be read here though storage does not have them yet. Each goes into the
/// unit of the next commit; it may leave when that commit is durable. Used by one writer at a time.
/// </summary>
public sealed class PendingStateNodes(StateNodeCache cache)
{
    private readonly Dictionary<StateNodeId, (StateNode Node, int Holds)> _nodes = [];
    private readonly List<(StateNodeId Id, byte[] Bytes)> _unwritten = [];

    internal bool IsEmpty => _nodes.Count == 0;

    internal bool TryGet(StateNodeId id, out StateNode? node)
    {
        var found = _nodes.TryGetValue(id, out var entry);
        node = entry.Node;
        return found;
    }

    internal void Add(StateNodeId id, StateNode node, byte[] bytes)
    {
        // A node that another pending unit has is written again: both commits may not happen.
        _nodes[id] = _nodes.TryGetValue(id, out var entry) ? (entry.Node, entry.Holds + 1) : (node, 1);
        _unwritten.Add((id, bytes));
    }

    /// <summary>Puts all nodes made since the last call into <paramref name="unit"/>; give the answer to <see cref="Committed"/> when it is durable.</summary>
    public IReadOnlyList<StateNodeId> Write(IStateNodeStore store, WriteUnit unit)
    {
        if (_unwritten.Count == 0)
            return [];
        var ids = new StateNodeId[_unwritten.Count];
        var written = new HashSet<StateNodeId>(_unwritten.Count);
        for (var i = 0; i < ids.Length; i++)
        {
            var (id, bytes) = _unwritten[i];
            ids[i] = id;
            if (written.Add(id))
                store.Put(unit, id, bytes);
        }

        _unwritten.Clear();
        return ids;
    }

    /// <summary>Forgets nodes that no unit will write, e.g. of an event that was refused after its state was computed.</summary>
    public void DiscardUnwritten()
    {
        foreach (var (id, _) in _unwritten)
            Release(id);
        _unwritten.Clear();
    }

    /// <summary>The unit with these nodes is durable: from now on they are read from storage, through the cache.</summary>
    public void Committed(IReadOnlyList<StateNodeId> ids)
    {
        foreach (var id in ids)
        {
            if (_nodes.TryGetValue(id, out var entry))
                cache.Add(id, entry.Node);
            Release(id);
        }
    }

    private void Release(StateNodeId id)
    {
        if (!_nodes.TryGetValue(id, out var entry))
            return;
        if (entry.Holds == 1)
            _nodes.Remove(id);
        else
            _nodes[id] = entry with { Holds = entry.Holds - 1 };
    }
}
