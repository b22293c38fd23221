namespace Orleans.Embedded;

/// <summary>Tells of calls that got no answer whether they wait, by way of other calls, for themselves.</summary>
internal sealed class DeadlockSearch(Silo silo)
{
    private ILookup<Activation?, Invocation>? _bySender;

    /// <summary>What a person reads about a call that timed out.</summary>
    public string Describe(Invocation call)
    {
        var timeout = call.CalledMethod.Timeout == default ? silo.ResponseTimeout : call.CalledMethod.Timeout;
        var text = $"{call.CalledMethod} of {call.Target?.GrainId} gave no answer within {timeout:c}.";
        if (call.Target is not { } target)
            return text;
        // Taken before any call of this tick is told of its timeout, so that all of a circle that times out together are in it.
        _bySender ??= silo.Cluster.Silos.Append(silo).Distinct()
            .SelectMany(s => s.AllActivations()).SelectMany(a => a.CallsUnderWay())
            .Where(c => c is { Sender: not null, Target: not null, IsAnswered: false } && (c.Options & GrainMethodOptions.OneWay) == 0)
            .ToLookup(c => c.Sender);
        if (CycleFrom(target) is { } cycle)
            return $"{text} Deadlock: these grains wait for each other in a circle: {string.Join(" → ", cycle.Select(a => a.GrainId))}.";
        return target.IsWaiting(call) ? $"{text} It still waited for the calls before it." : text;
    }

    private List<Activation>? CycleFrom(Activation start)
    {
        List<Activation> path = [];
        HashSet<Activation> seen = [];
        return Visit(start) ? [.. path.SkipWhile(a => a != path[^1])] : null;

        bool Visit(Activation activation)
        {
            var closes = path.Contains(activation);
            if (!closes && !seen.Add(activation))
                return false;
            path.Add(activation);
            if (closes)
                return true;
            foreach (var call in _bySender![activation])
            {
                // An answer that only waits for a turn is no wait for another grain.
                if ((!path.Contains(call.Target!) || call.Target!.IsWaiting(call)) && Visit(call.Target!))
                    return true;
            }
            path.RemoveAt(path.Count - 1);
            return false;
        }
    }
}
