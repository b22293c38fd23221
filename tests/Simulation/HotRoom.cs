namespace OrleansMatrix.Simulation;

/// <summary>
/// A room whose members wait for it: a message wakes each, and each wake-up costs processor time. A member whose answer is under way is told later
/// messages in its next sync.
/// </summary>
/// <param name="Online">Members that wait.</param>
/// <param name="MessagesPerSecond">They come at random (Poisson).</param>
/// <param name="Cores">Of all silos and gateways, used for nothing else.</param>
/// <param name="WakeMilliseconds">Processor time of one wake-up.</param>
public sealed record HotRoom(int Online, double MessagesPerSecond, int Cores, double WakeMilliseconds)
{
    /// <summary>From an answer to the member's next sync, milliseconds.</summary>
    public double ClientMilliseconds { get; init; } = 100;

    /// <summary>From a message to its being told to a member, and the share of the processors' time that it took.</summary>
    public (Percentiles Delay, double Load) Run(double seconds, int seed = 1)
    {
        var random = new Random(seed);
        List<double> messages = [];
        for (var at = 0.0; (at += -1000 / MessagesPerSecond * Math.Log(1 - random.NextDouble())) < seconds * 1000;)
            messages.Add(at);
        return Run(messages, seconds);
    }

    /// <summary>The same with messages at given times, milliseconds in rising order.</summary>
    public (Percentiles Delay, double Load) Run(IReadOnlyList<double> messages, double seconds)
    {
        var delay = new Percentiles();
        var cores = new PriorityQueue<int, double>(Enumerable.Range(0, Cores).Select(static core => (core, 0.0)));

        // Who syncs, and which message it has not been told; in the order in which they can be served.
        var syncs = new PriorityQueue<int, double>();
        var busy = 0.0;
        if (messages.Count > 0)
        {
            for (var member = 0; member < Online; member++)
                syncs.Enqueue(0, messages[0]);
        }

        while (syncs.TryDequeue(out var next, out var ready))
        {
            cores.TryDequeue(out var core, out var free);
            var start = Math.Max(free, ready);
            var end = start + WakeMilliseconds;
            cores.Enqueue(core, end);
            busy += WakeMilliseconds;

            // It is told all that has been sent by the time its sync is worked on.
            for (; next < messages.Count && messages[next] <= start; next++)
                delay.Add(end - messages[next]);
            if (next < messages.Count)
                syncs.Enqueue(next, Math.Max(end + ClientMilliseconds, messages[next]));
        }

        return (delay, busy / (seconds * 1000 * Cores));
    }
}
