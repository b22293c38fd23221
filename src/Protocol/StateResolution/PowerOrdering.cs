using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>Power events and the reverse topological power ordering (room v2, State resolution, Definitions).</summary>
internal static class PowerOrdering
{
    /// <summary>True for events "that might remove someone's ability to do something in the room".</summary>
    public static bool IsPowerEvent(Pdu pdu) => pdu.Type switch
    {
        EventTypes.PowerLevels or EventTypes.JoinRules => pdu.IsState,
        EventTypes.Member => pdu.Membership is Membership.Leave or Membership.Ban && pdu.Sender != pdu.StateKey,
        _ => false,
    };

    /// <summary>
    /// Step 1 of the algorithm: the power events of the full conflicted set and what of that set is in their auth chains, in reverse
    /// topological power ordering.
    /// </summary>
    public static async ValueTask<List<AuthNode>> SortAsync(AuthGraph graph, HashSet<AuthNode> full, Func<AuthNode, long> senderLevel)
    {
        var power = full.Where(n => IsPowerEvent(n.Pdu)).ToList();
        if (power.Count == 0)
            return [];
        var region = await AuthWalk.DownAsync(graph, power, full.Min(n => n.Generation!.Value));
        return Sort(region, full, senderLevel);
    }

    // Kahn's algorithm. Paths may lead through events outside the set: those take part without being listed.
    private static List<AuthNode> Sort(HashSet<AuthNode> region, HashSet<AuthNode> full, Func<AuthNode, long> senderLevel)
    {
        var waitingFor = new Dictionary<AuthNode, int>(region.Count);
        var children = new Dictionary<AuthNode, List<AuthNode>>(region.Count);
        var unlisted = new Stack<AuthNode>();
        var listed = new PriorityQueue<AuthNode, (long MinusLevel, long Ts, string Id)>(Comparer<(long MinusLevel, long Ts, string Id)>.Create(Compare));
        foreach (var node in region)
        {
            var parents = node.Parents!.Where(region.Contains).ToList();
            waitingFor[node] = parents.Count;
            foreach (var parent in parents)
            {
                if (!children.TryGetValue(parent, out var list))
                    children.Add(parent, list = []);
                list.Add(node);
            }

            if (parents.Count == 0)
                Release(node);
        }

        var order = new List<AuthNode>();
        while (unlisted.Count > 0 || listed.Count > 0)
        {
            if (!unlisted.TryPop(out var node))
            {
                node = listed.Dequeue();
                order.Add(node);
            }

            foreach (var child in children.GetValueOrDefault(node) ?? [])
            {
                if (--waitingFor[child] == 0)
                    Release(child);
            }
        }

        return order;

        void Release(AuthNode node)
        {
            if (full.Contains(node))
                listed.Enqueue(node, (-senderLevel(node), node.Pdu.OriginServerTs, node.Id));
            else
                unlisted.Push(node);
        }
    }

    private static int Compare((long MinusLevel, long Ts, string Id) x, (long MinusLevel, long Ts, string Id) y)
    {
        var byLevel = x.MinusLevel.CompareTo(y.MinusLevel);
        if (byLevel != 0)
            return byLevel;
        var byTime = x.Ts.CompareTo(y.Ts);
        return byTime != 0 ? byTime : string.CompareOrdinal(x.Id, y.Id);
    }
}
