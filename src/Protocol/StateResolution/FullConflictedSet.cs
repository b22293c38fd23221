using System.Numerics;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>
/// The auth difference and the conflicted state subgraph (room v2 and v12, State resolution, Definitions), found by walking only as far as
/// the chains differ. An event of a state belongs to the state's auth chain (ADR 0013).
/// </summary>
internal sealed class FullConflictedSet(AuthGraph graph, CommonState common, IResolutionSource source, CancellationToken cancellationToken)
{
    /// <summary>The union of the conflicted state set, the auth difference, and in v2.1 the conflicted state subgraph.</summary>
    public async ValueTask<HashSet<AuthNode>> FindAsync(IReadOnlyCollection<ConflictedKey> conflicts, bool withSubgraph)
    {
        await graph.LoadAsync(conflicts.SelectMany(c => c.EventIds).OfType<string>());
        var conflicted = conflicts.SelectMany(c => c.EventIds).OfType<string>().Select(graph.Get).OfType<AuthNode>().ToHashSet();
        var full = new HashSet<AuthNode>(conflicted);
        var candidates = await FindDifferenceAsync(conflicts);
        candidates.RemoveAll(conflicted.Contains);
        if (candidates.Count > 0)
            full.UnionWith(await RemoveCommonAsync(candidates));
        if (withSubgraph)
            await AddSubgraphAsync(conflicted, full);
        return full;
    }

    /// <summary>Events in the auth chains of the conflicted events of some states and not of all, from the highest generation down.</summary>
    private async ValueTask<List<AuthNode>> FindDifferenceAsync(IReadOnlyCollection<ConflictedKey> conflicts)
    {
        var count = conflicts.FirstOrDefault()?.EventIds.Length ?? 0;
        var everywhere = (BigInteger.One << count) - 1;
        var reach = new Dictionary<AuthNode, BigInteger>();
        var queue = new PriorityQueue<AuthNode, int>();
        var fresh = new List<AuthNode>();
        var partial = 0;
        foreach (var conflict in conflicts)
        {
            for (var i = 0; i < count; i++)
            {
                if (conflict.EventIds[i] is { } id && graph.Get(id) is { } node)
                    Reach(node, BigInteger.One << i);
            }
        }

        // Generations fall along every edge, so a node that is taken from the queue has been reached by all that reach it.
        var difference = new List<AuthNode>();
        while (partial > 0)
        {
            var node = queue.Dequeue();
            var mask = reach[node];
            if (mask != everywhere)
            {
                partial--;
                difference.Add(node);
            }

            if (node.Parents is null)
            {
                await graph.LoadParentsAsync(fresh);
                fresh.Clear();
            }

            foreach (var parent in node.Parents!)
            {
                await common.LoadAsync(parent.Key);
                Reach(parent, common.Has(parent) ? everywhere : mask);
            }
        }

        return difference;

        void Reach(AuthNode node, BigInteger states)
        {
            if (!reach.TryGetValue(node, out var before))
            {
                queue.Enqueue(node, -node.Generation!.Value);
                fresh.Add(node);
                before = BigInteger.Zero;
                partial++;
            }

            var after = before | states;
            if (before != everywhere && after == everywhere)
                partial--;
            reach[node] = after;
        }
    }

    /// <summary>Those of the candidates that no event which all states have leads to: such are in the auth chains of all states.</summary>
    private async ValueTask<List<AuthNode>> RemoveCommonAsync(List<AuthNode> candidates)
    {
        var isCommon = new HashSet<AuthNode>();
        var isNot = new HashSet<string>(StringComparer.Ordinal);
        var result = new List<AuthNode>();
        foreach (var candidate in candidates)
        {
            if (!isCommon.Contains(candidate))
            {
                switch (await LeadsFromCommonAsync(candidate, isNot))
                {
                    case null:
                        return await RemoveReachableAsync(candidates);
                    case true:
                        isCommon.Add(candidate);
                        break;
                }
            }

            if (!isCommon.Contains(candidate))
            {
                result.Add(candidate);
                continue;
            }

            await graph.LoadParentsAsync([candidate]);
            isCommon.UnionWith(candidate.Parents!);
        }

        return result;
    }

    /// <summary>Follows the auth edges upwards; null when no index of them is kept.</summary>
    private async ValueTask<bool?> LeadsFromCommonAsync(AuthNode start, HashSet<string> isNot)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { start.Id };
        var queue = new Queue<string>(seen);
        while (queue.TryDequeue(out var id))
        {
            if (await source.GetCitingAsync(id, cancellationToken) is not { } citing)
                return null;
            List<string> fresh = [.. citing.Where(c => !isNot.Contains(c) && seen.Add(c))];
            await graph.LoadAsync(fresh);
            foreach (var node in fresh.Select(graph.Get).OfType<AuthNode>())
            {
                await common.LoadAsync(node.Key);
                if (common.Has(node))
                    return true;
                queue.Enqueue(node.Id);
            }
        }

        isNot.UnionWith(seen);
        return false;
    }

    /// <summary>As <see cref="RemoveCommonAsync"/>, by walking down from everything that the states have in common.</summary>
    private async ValueTask<List<AuthNode>> RemoveReachableAsync(List<AuthNode> candidates)
    {
        var lowest = candidates.Min(n => n.Generation!.Value);
        var ids = await source.GetUnconflictedIdsAsync(lowest, cancellationToken);
        await graph.LoadAsync(ids);
        var reached = await AuthWalk.DownAsync(graph, ids.Select(graph.Get).OfType<AuthNode>(), lowest);
        return [.. candidates.Where(n => !reached.Contains(n))];
    }

    // room v12, Conflicted state subgraph: all paths between conflicted events.
    private async ValueTask AddSubgraphAsync(HashSet<AuthNode> conflicted, HashSet<AuthNode> full)
    {
        if (conflicted.Count == 0)
            return;
        var below = await AuthWalk.DownAsync(graph, conflicted, conflicted.Min(n => n.Generation!.Value));
        var leading = new HashSet<AuthNode>(conflicted);
        foreach (var node in below.OrderBy(n => n.Generation!.Value))
        {
            if (node.Parents!.Any(leading.Contains))
                leading.Add(node);
        }

        full.UnionWith(leading);
    }
}
