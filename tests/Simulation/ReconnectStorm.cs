namespace OrleansMatrix.Simulation;

/// <summary>What happens to requests that are more than the processors can do.</summary>
public enum Overload
{
    /// <summary>Each is worked off in turn, also one whose client has given up.</summary>
    WorkAll,

    /// <summary>One that would wait too long is refused at once, and its client comes again.</summary>
    Refuse,
}

/// <summary>
/// All clients come back within a short time, as after a failure of the network in front. Each syncs from where it was, or from nothing; one that is not answered
/// in time gives up and comes again after a wait that doubles.
/// </summary>
/// <param name="SpreadSeconds">Within which all come.</param>
/// <param name="InitialShare">Of clients that sync from nothing.</param>
/// <param name="IncrementalMilliseconds">Processor time of a sync from where it was.</param>
/// <param name="InitialMilliseconds">And of one from nothing.</param>
public sealed record ReconnectStorm(
    int Clients, double SpreadSeconds, double InitialShare, double IncrementalMilliseconds, double InitialMilliseconds, int Cores, Overload Overload)
{
    /// <summary>After which a client gives up, and the wait before it comes again: at first, and at most; each is somewhere between half and the whole.</summary>
    public (double Timeout, double FirstWait, double LongestWait) Client { get; init; } = (60_000, 1_000, 60_000);

    /// <summary>What is refused would have waited longer than this, milliseconds; and what refusing costs.</summary>
    public (double LongestQueue, double Refusal) Refusing { get; init; } = (5_000, 0.05);

    /// <summary>When clients had their answers, in seconds from the first; the share of the work that was for nobody; the requests for each client.</summary>
    /// <param name="seconds">Who has no answer by then has none.</param>
    public (Percentiles Answered, double Wasted, double Tries) Run(double seconds = 1800, int seed = 1)
    {
        var random = new Random(seed);
        var answered = new Percentiles();
        var requests = new PriorityQueue<(bool IsInitial, int Tries), double>();
        for (var client = 0; client < Clients; client++)
            requests.Enqueue((random.NextDouble() < InitialShare, 1), random.NextDouble() * SpreadSeconds * 1000);
        var cores = new PriorityQueue<int, double>(Enumerable.Range(0, Cores).Select(static core => (core, 0.0)));
        double work = 0, wasted = 0;
        long tries = 0;
        while (requests.TryDequeue(out var request, out var at) && at < seconds * 1000)
        {
            tries++;
            cores.TryDequeue(out var core, out var free);
            var start = Math.Max(free, at);
            var isRefused = Overload == Overload.Refuse && start - at > Refusing.LongestQueue;
            var cost = isRefused ? Refusing.Refusal : request.IsInitial ? InitialMilliseconds : IncrementalMilliseconds;
            cores.Enqueue(core, start + cost);
            work += cost;
            if (!isRefused && start + cost - at <= Client.Timeout)
            {
                answered.Add((start + cost) / 1000);
                continue;
            }

            wasted += cost;
            var wait = Math.Min(Client.LongestWait, Client.FirstWait * Math.Pow(2, request.Tries - 1)) * (0.5 + random.NextDouble() / 2);
            requests.Enqueue(request with { Tries = request.Tries + 1 }, at + (isRefused ? 0 : Client.Timeout) + wait);
        }

        return (answered, wasted / work, (double)tries / Clients);
    }
}
