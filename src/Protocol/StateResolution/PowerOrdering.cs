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
    /// topological power ordering. Only auth edges between events of the set are followed (ADR 0114); their parents must be loaded.
    /// </summary>
    public static List<AuthNode> Sort(HashSet<AuthNode> full, Func<AuthNode, long> senderLevel)
    {
        var waitingFor = new Dictionary<AuthNode, int>();
        var children = new Dictionary<AuthNode, List<AuthNode>>();
        var ready = new PriorityQueue<AuthNode, (long MinusLevel, long Ts, string Id)>(Comparer<(long MinusLevel, long Ts, string Id)>.Create(Compare));
        foreach (var node in PowerEventsAndTheirChains(full))
        {
            var parents = node.Parents!.FindAll(full.Contains);
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

        // Kahn's algorithm.
        var order = new List<AuthNode>(waitingFor.Count);
        while (ready.TryDequeue(out var node, out _))
        {
            order.Add(node);
            foreach (var child in children.GetValueOrDefault(node) ?? [])
            {
                if (--waitingFor[child] == 0)
                    Release(child);
            }
        }

        return order;

        void Release(AuthNode node) => ready.Enqueue(node, (-senderLevel(node), node.Pdu.OriginServerTs, node.Id));
    }

    private static HashSet<AuthNode> PowerEventsAndTheirChains(HashSet<AuthNode> full)
    {
        var found = full.Where(n => IsPowerEvent(n.Pdu)).ToHashSet();
        var open = new Stack<AuthNode>(found);
        while (open.TryPop(out var node))
        {
            foreach (var parent in node.Parents!)
            {
                if (full.Contains(parent) && found.Add(parent))
                    open.Push(parent);
            }
        }

        return found;
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
