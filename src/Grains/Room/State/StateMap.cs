using System.Runtime.InteropServices;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.State;

/// <summary>
/// A room's state as a persistent map (type, state_key) → event id: a hash trie of immutable nodes, addressed by content (ADR 0005). A state is its root's
/// id; changing it writes the nodes on one path and shares the rest; two states are compared without walking what they share.
/// </summary>
public sealed class StateMap
{
    private readonly StateNodeCache _cache;
    private readonly PendingStateNodes? _pending;

    /// <summary>For reading committed states.</summary>
    public StateMap(StateNodeCache cache) => _cache = cache;

    /// <summary>For a writer: <paramref name="pending"/> holds its nodes from their making to their commit.</summary>
    public StateMap(StateNodeCache cache, PendingStateNodes pending) => (_cache, _pending) = (cache, pending);

    /// <summary>The event id of a pair, or null.</summary>
    public async ValueTask<string?> GetAsync(StateNodeId root, string type, string stateKey, CancellationToken cancellationToken = default)
    {
        if (root == StateNodeId.Empty)
            return null;
        var path = StatePath.Of(type, stateKey);
        var id = root;
        for (var depth = 0; ; depth++)
        {
            switch (await LoadAsync(id, cancellationToken))
            {
                case StateLeaf leaf:
                    var index = leaf.Find(type, stateKey);
                    return index >= 0 ? leaf.Entries[index].EventId : null;
                case StateBranch branch:
                    var child = branch.Children[path[depth]];
                    if (child.Count == 0)
                        return null;
                    id = child.Id;
                    break;
            }
        }
    }

    /// <summary>
    /// The root of the state with the pair set, or, if <paramref name="eventId"/> is null, without it. New nodes go to the writer's pending nodes.
    /// </summary>
    public async ValueTask<StateNodeId> SetAsync(StateNodeId root, string type, string stateKey, string? eventId, CancellationToken cancellationToken = default)
    {
        if (root == StateNodeId.Empty)
            return eventId is null ? root : Add(new StateLeaf([new StateEntry(type, stateKey, eventId)]));
        var changed = await SetAsync(root, 0, StatePath.Of(type, stateKey), type, stateKey, eventId, cancellationToken);
        return changed.Id;
    }

    /// <summary>The root of the state that has exactly these entries; of a pair that occurs twice the last one counts.</summary>
    public StateNodeId Build(IEnumerable<StateEntry> entries)
    {
        var last = new Dictionary<(string Type, string StateKey), StateEntry>();
        foreach (var entry in entries)
            last[(entry.Type, entry.StateKey)] = entry;
        return last.Count == 0 ? StateNodeId.Empty : Build(last.Values, 0).Id;
    }

    /// <summary>The entries of a part of the state, in no particular order.</summary>
    public async ValueTask<List<StateEntry>> ListAsync(StateNodeId root, StatePart part = StatePart.All, CancellationToken cancellationToken = default)
    {
        var found = new List<StateEntry>();
        if (root == StateNodeId.Empty)
            return found;
        List<StateNodeId> level = [root];
        for (var depth = 0; level.Count > 0; depth++)
        {
            var nodes = await LoadManyAsync(level, cancellationToken);
            List<StateNodeId> next = [];
            foreach (var id in level)
            {
                if (nodes[id] is StateLeaf leaf)
                {
                    foreach (var entry in leaf.Entries)
                    {
                        if (part.HasFlag(entry.Type == StatePath.MemberType ? StatePart.Members : StatePart.NonMembers))
                            found.Add(entry);
                    }

                    continue;
                }

                var children = ((StateBranch)nodes[id]).Children;
                for (var i = 0; i < children.Length; i++)
                {
                    var wanted = depth > 0 || part.HasFlag(i == StatePath.MemberNibble ? StatePart.Members : StatePart.NonMembers);
                    if (children[i].Count > 0 && wanted)
                        next.Add(children[i].Id);
                }
            }

            level = next;
        }

        return found;
    }

    /// <summary>The number of entries.</summary>
    public async ValueTask<int> CountAsync(StateNodeId root, CancellationToken cancellationToken = default) =>
        root == StateNodeId.Empty ? 0 : (await LoadAsync(root, cancellationToken)).Count;

    /// <summary>The pairs that differ between two states, in no particular order. Costs what differs, not what there is.</summary>
    public async ValueTask<List<StateChange>> DiffAsync(StateNodeId old, StateNodeId @new, CancellationToken cancellationToken = default)
    {
        var changes = new List<StateChange>();
        List<(StateNodeId Old, StateNodeId New)> level = [(old, @new)];
        while (level.Count > 0)
        {
            level.RemoveAll(pair => pair.Old == pair.New);
            var nodes = await LoadManyAsync([.. level.SelectMany(p => new[] { p.Old, p.New }).Where(id => id != StateNodeId.Empty)], cancellationToken);
            List<(StateNodeId, StateNodeId)> next = [];
            foreach (var (oldId, newId) in level)
            {
                var oldNode = oldId == StateNodeId.Empty ? null : nodes[oldId];
                var newNode = newId == StateNodeId.Empty ? null : nodes[newId];
                if (oldNode is StateBranch oldBranch && newNode is StateBranch newBranch)
                {
                    for (var i = 0; i < StateNode.Fanout; i++)
                        next.Add((oldBranch.Children[i].Id, newBranch.Children[i].Id));
                    continue;
                }

                var oldEntries = oldNode is null ? [] : await ListAsync(oldId, StatePart.All, cancellationToken);
                var newEntries = newNode is null ? [] : await ListAsync(newId, StatePart.All, cancellationToken);
                Compare(oldEntries, newEntries, changes);
            }

            level = next;
        }

        return changes;
    }

    private static void Compare(List<StateEntry> old, List<StateEntry> @new, List<StateChange> changes)
    {
        var left = old.ToDictionary(e => (e.Type, e.StateKey), e => e.EventId);
        foreach (var entry in @new)
        {
            left.Remove((entry.Type, entry.StateKey), out var before);
            if (before != entry.EventId)
                changes.Add(new StateChange(entry.Type, entry.StateKey, before, entry.EventId));
        }

        foreach (var ((type, stateKey), eventId) in left)
            changes.Add(new StateChange(type, stateKey, eventId, null));
    }

    private async ValueTask<StateChild> SetAsync(
        StateNodeId id, int depth, StatePath path, string type, string stateKey, string? eventId, CancellationToken cancellationToken)
    {
        var node = await LoadAsync(id, cancellationToken);
        if (node is StateLeaf leaf)
            return SetInLeaf(id, leaf, depth, type, stateKey, eventId);

        var branch = (StateBranch)node;
        var nibble = path[depth];
        var before = branch.Children[nibble];
        StateChild after;
        if (before.Count > 0)
            after = await SetAsync(before.Id, depth + 1, path, type, stateKey, eventId, cancellationToken);
        else if (eventId is null)
            after = before;
        else
            after = new StateChild(Add(new StateLeaf([new StateEntry(type, stateKey, eventId)])), 1);
        if (after == before)
            return new StateChild(id, branch.Count);

        var children = (StateChild[])branch.Children.Clone();
        children[nibble] = after;
        var changed = new StateBranch(children);
        if (changed.Count > StateNode.BucketSize)
            return new StateChild(Add(changed), changed.Count);

        // Few enough for a leaf: the canonical shape asks for one.
        var entries = new List<StateEntry>(changed.Count);
        foreach (var child in children)
        {
            if (child.Count > 0)
                entries.AddRange(await ListAsync(child.Id, StatePart.All, cancellationToken));
        }

        return AddLeaf(CollectionsMarshal.AsSpan(entries));
    }

    private StateChild SetInLeaf(StateNodeId id, StateLeaf leaf, int depth, string type, string stateKey, string? eventId)
    {
        var index = leaf.Find(type, stateKey);
        if (index >= 0 ? leaf.Entries[index].EventId == eventId : eventId is null)
            return new StateChild(id, leaf.Count);
        var entries = new List<StateEntry>(leaf.Entries);
        if (eventId is null)
            entries.RemoveAt(index);
        else if (index >= 0)
            entries[index] = entries[index] with { EventId = eventId };
        else
            entries.Insert(~index, new StateEntry(type, stateKey, eventId));

        if (entries.Count == 0)
            return default;
        if (entries.Count <= StateNode.BucketSize)
            return new StateChild(Add(new StateLeaf([.. entries])), entries.Count);
        return Build(entries, depth);
    }

    /// <summary>The tree of entries of which no two have the same place, and whose places are the same above <paramref name="depth"/>.</summary>
    private StateChild Build(IReadOnlyCollection<StateEntry> entries, int depth)
    {
        var sorted = new StateEntry[entries.Count];
        var paths = new StatePath[entries.Count];
        var count = 0;
        foreach (var entry in entries)
        {
            paths[count] = StatePath.Of(entry.Type, entry.StateKey);
            sorted[count++] = entry;
        }

        // In the order of their places, those of each subtree stand together.
        Array.Sort(paths, sorted);
        return Build(paths, sorted, depth);
    }

    private StateChild Build(ReadOnlySpan<StatePath> paths, ReadOnlySpan<StateEntry> entries, int depth)
    {
        if (entries.Length <= StateNode.BucketSize || depth == StatePath.Length)
            return AddLeaf(entries);
        var children = new StateChild[StateNode.Fanout];
        for (var start = 0; start < entries.Length;)
        {
            var place = paths[start][depth];
            var end = start + 1;
            while (end < entries.Length && paths[end][depth] == place)
                end++;
            children[place] = Build(paths[start..end], entries[start..end], depth + 1);
            start = end;
        }

        return new StateChild(Add(new StateBranch(children)), entries.Length);
    }

    private StateChild AddLeaf(ReadOnlySpan<StateEntry> entries)
    {
        if (entries.IsEmpty)
            return default;
        var sorted = entries.ToArray();
        Array.Sort(sorted, static (a, b) => StateLeaf.Compare(a, b.Type, b.StateKey));
        return new StateChild(Add(new StateLeaf(sorted)), sorted.Length);
    }

    private StateNodeId Add(StateNode node)
    {
        var pending = _pending ?? throw new InvalidOperationException("this state map is for reading");
        var bytes = StateNodeCodec.Encode(node);
        var id = StateNodeCodec.IdOf(bytes);
        pending.Add(id, node, bytes);
        return id;
    }

    private ValueTask<StateNode> LoadAsync(StateNodeId id, CancellationToken cancellationToken) =>
        _pending is not null && _pending.TryGet(id, out var node) ? new ValueTask<StateNode>(node!) : _cache.GetAsync(id, cancellationToken);

    private async ValueTask<IReadOnlyDictionary<StateNodeId, StateNode>> LoadManyAsync(List<StateNodeId> ids, CancellationToken cancellationToken)
    {
        if (_pending is null || _pending.IsEmpty)
            return await _cache.GetManyAsync(ids, cancellationToken);
        var found = new Dictionary<StateNodeId, StateNode>(ids.Count);
        var others = new List<StateNodeId>();
        foreach (var id in ids)
        {
            if (_pending.TryGet(id, out var node))
                found[id] = node!;
            else
                others.Add(id);
        }

        foreach (var (id, node) in await _cache.GetManyAsync(others, cancellationToken))
            found[id] = node;
        return found;
    }
}
