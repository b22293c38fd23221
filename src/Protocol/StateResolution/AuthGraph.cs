using OrleansMatrix.Protocol.Authorization;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>
/// The part of the graph of auth events that was loaded so far. Only edges to a lower generation are in it, so that it has no cycles,
/// whatever a hostile server claims.
/// </summary>
internal sealed class AuthGraph(IResolutionSource source, CancellationToken cancellationToken)
{
    private readonly Dictionary<string, AuthNode?> _nodes = new(StringComparer.Ordinal);

    /// <summary>A node that was loaded before; null when the event is not to be had.</summary>
    public AuthNode? Get(string eventId) => _nodes.GetValueOrDefault(eventId);

    /// <summary>Loads events that were not loaded yet. Events that are no state events do not count.</summary>
    public async ValueTask LoadAsync(IEnumerable<string> eventIds)
    {
        var missing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var id in eventIds)
        {
            if (!_nodes.ContainsKey(id))
                missing.Add(id);
        }

        if (missing.Count == 0)
            return;
        var unnumbered = await FetchAsync(missing);
        if (unnumbered.Count > 0)
            await NumberAsync(unnumbered);
    }

    /// <summary>Loads the auth events of nodes and sets their <see cref="AuthNode.Parents"/>.</summary>
    public async ValueTask LoadParentsAsync(IEnumerable<AuthNode> nodes)
    {
        List<AuthNode> without = [.. nodes.Where(n => n.Parents is null)];
        if (without.Count == 0)
            return;
        await LoadAsync(without.SelectMany(n => n.Pdu.AuthEvents));
        foreach (var node in without)
            SetParents(node);
    }

    private void SetParents(AuthNode node)
    {
        var parents = new List<AuthNode>(node.Pdu.AuthEvents.Length);
        foreach (var id in node.Pdu.AuthEvents)
        {
            if (Get(id) is { } parent && parent.Generation < node.Generation && !parents.Contains(parent))
                parents.Add(parent);
        }

        node.Parents = parents;
    }

    private async ValueTask<List<AuthNode>> FetchAsync(HashSet<string> ids)
    {
        var unnumbered = new List<AuthNode>();
        foreach (var found in await source.GetEventsAsync(ids, cancellationToken))
        {
            if (found.Pdu.StateKey is not { } stateKey || !ids.Remove(found.Pdu.EventId))
                continue;
            var node = new AuthNode(found.Pdu, new StateKey(found.Pdu.Type, stateKey), found.IsRejected, found.Generation);
            _nodes.Add(node.Id, node);
            if (node.Generation is null)
                unnumbered.Add(node);
        }

        foreach (var id in ids)
            _nodes.Add(id, null);
        return unnumbered;
    }

    /// <summary>Numbers nodes that came without a generation, for which their whole auth chains must be loaded.</summary>
    private async ValueTask NumberAsync(List<AuthNode> unnumbered)
    {
        var all = new List<AuthNode>(unnumbered);
        for (var next = unnumbered; next.Count > 0; all.AddRange(next))
        {
            var ids = next.SelectMany(n => n.Pdu.AuthEvents).Where(id => !_nodes.ContainsKey(id)).ToHashSet(StringComparer.Ordinal);
            next = ids.Count == 0 ? [] : await FetchAsync(ids);
        }

        // In a cycle, which only ids that senders choose can make (v1, v2), the order of the ids says which edge does not count.
        all.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        var open = new HashSet<AuthNode>();
        var stack = new Stack<(AuthNode Node, int Next)>();
        foreach (var start in all.Where(n => n.Generation is null))
        {
            if (start.Generation is not null)
                continue;
            open.Add(start);
            stack.Push((start, 0));
            while (stack.TryPop(out var top))
            {
                var auth = top.Node.Pdu.AuthEvents;
                if (top.Next < auth.Length)
                {
                    stack.Push((top.Node, top.Next + 1));
                    if (Get(auth[top.Next]) is { Generation: null } child && open.Add(child))
                        stack.Push((child, 0));
                    continue;
                }

                top.Node.Generation = 1 + auth.Select(id => Get(id)?.Generation ?? 0).DefaultIfEmpty().Max();
            }
        }
    }
}
