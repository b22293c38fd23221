using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.StateResolution;

/// <summary>
/// The algorithm of room v2 and of v12 written down word by word from the specification, with whole states and whole auth chains: what
/// the real one must agree with. The auth chain of a state holds the state's own events (ADR 0013).
/// </summary>
internal sealed class SlowResolution(RoomVersion version, IReadOnlyDictionary<string, SimEvent> events)
{
    private readonly Dictionary<string, HashSet<string>> _authChains = [];

    public Dictionary<StateKey, string> Resolve(IReadOnlyList<Dictionary<StateKey, string>> states)
    {
        var isV21 = version.StateResolution == StateResolutionAlgorithm.V21;
        var unconflicted = states[0].Where(e => states.All(s => s.GetValueOrDefault(e.Key) == e.Value)).ToDictionary();
        var conflicted = states.SelectMany(s => s).Where(e => !unconflicted.ContainsKey(e.Key)).Select(e => e.Value).ToHashSet();

        var chains = states.Select(s => s.Values.SelectMany(id => AuthChain(id).Append(id)).ToHashSet()).ToList();
        var difference = chains.SelectMany(c => c).Where(id => !chains.TrueForAll(c => c.Contains(id)));
        var full = conflicted.Union(difference).ToHashSet();
        if (isV21)
        {
            var reachable = conflicted.SelectMany(AuthChain).ToHashSet();
            full.UnionWith(reachable.Where(id => AuthChain(id).Overlaps(conflicted)));
        }

        // Step 1, where only the auth edges between events of the full conflicted set are followed (ADR 0114).
        var power = full.Where(id => IsPowerEvent(events[id].Pdu)).ToHashSet();
        power.UnionWith(power.SelectMany(id => AuthChainWithin(id, full)).ToList());
        // Step 2.
        var state = isV21 ? [] : unconflicted.ToDictionary();
        IterativeAuthChecks(state, ReverseTopologicalPowerOrdering(power));
        // Steps 3 and 4.
        var levels = state.GetValueOrDefault(new StateKey(EventTypes.PowerLevels, ""));
        IterativeAuthChecks(state, MainlineOrdering(levels, full.Except(power)));
        // Step 5.
        foreach (var (key, id) in unconflicted)
            state[key] = id;
        return state;
    }

    private static bool IsPowerEvent(Pdu e) => e.Type is EventTypes.PowerLevels or EventTypes.JoinRules ||
        (e.Type == EventTypes.Member && e.Membership is "leave" or "ban" && e.Sender != e.StateKey);

    private HashSet<string> AuthChain(string id)
    {
        if (_authChains.TryGetValue(id, out var chain))
            return chain;
        chain = [];
        foreach (var auth in events[id].Pdu.AuthEvents)
        {
            chain.Add(auth);
            chain.UnionWith(AuthChain(auth));
        }

        return _authChains[id] = chain;
    }

    private IEnumerable<string> AuthChainWithin(string id, HashSet<string> set) =>
        events[id].Pdu.AuthEvents.Where(set.Contains).SelectMany(auth => AuthChainWithin(auth, set).Append(auth));

    private IEnumerable<string> ReverseTopologicalPowerOrdering(HashSet<string> set)
    {
        var left = set.ToHashSet();
        while (left.Count > 0)
        {
            var next = left.Where(id => !events[id].Pdu.AuthEvents.Any(left.Contains))
                .OrderByDescending(SenderLevel).ThenBy(id => events[id].Pdu.OriginServerTs).ThenBy(id => id, StringComparer.Ordinal).First();
            left.Remove(next);
            yield return next;
        }
    }

    private long SenderLevel(string id)
    {
        var pdu = events[id].Pdu;
        var auth = pdu.AuthEvents.Select(a => events[a].Pdu).ToList();
        var create = version.CreateInAuthEvents ? auth.Find(a => a.Type == EventTypes.Create) : Create(pdu);
        return PowerLevels.Of(version, create, auth.Find(a => a.Type == EventTypes.PowerLevels)).Of(pdu.Sender);
    }

    private Pdu? Create(Pdu pdu) => events.GetValueOrDefault("$" + pdu.RoomId[1..])?.Pdu;

    private IEnumerable<string> MainlineOrdering(string? powerLevels, IEnumerable<string> set)
    {
        var mainline = new List<string>();
        for (var p = powerLevels; p is not null; p = PowerLevelsOf(p))
            mainline.Add(p);
        return set.OrderByDescending(Position).ThenBy(id => events[id].Pdu.OriginServerTs).ThenBy(id => id, StringComparer.Ordinal);

        double Position(string id)
        {
            for (var e = PowerLevelsOf(id); e is not null; e = PowerLevelsOf(e))
            {
                if (mainline.IndexOf(e) is >= 0 and var i)
                    return i;
            }

            return double.PositiveInfinity;
        }
    }

    private string? PowerLevelsOf(string id) =>
        events[id].Pdu.AuthEvents.FirstOrDefault(a => events[a].Pdu is { Type: EventTypes.PowerLevels, StateKey: "" });

    private void IterativeAuthChecks(Dictionary<StateKey, string> state, IEnumerable<string> ids)
    {
        foreach (var id in ids)
        {
            var pdu = events[id].Pdu;
            var auth = new AuthState(version);
            foreach (var a in pdu.AuthEvents.Reverse().Where(a => !events[a].IsRejected))
                auth.Set(events[a].Pdu);
            if (version.RoomIdIsCreateHash && Create(pdu) is { } create)
                auth.Set(create);
            foreach (var key in AuthTypes.For(version, pdu).Append(new StateKey(EventTypes.Create, "")))
            {
                if (state.TryGetValue(key, out var inState))
                    auth.Set(events[inState].Pdu);
            }

            if (AuthRules.Check(version, pdu, auth).IsAllowed)
                state[new StateKey(pdu.Type, pdu.StateKey!)] = id;
        }
    }
}
