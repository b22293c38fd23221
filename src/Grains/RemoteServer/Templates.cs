using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Has servers make a member event, which changes nothing there: the next one as soon as one has failed, or has not answered for a moment. So one that is slow
/// or dead does not hold up who could go through another.
/// </summary>
/// <param name="make">Asks one server.</param>
internal sealed class Templates(Func<string, Task<Outcome<Pdu>>> make, TimeProvider time)
{
    private const int MaxAtOnce = 3;
    private static readonly TimeSpan s_moment = TimeSpan.FromSeconds(1.5);

    /// <summary>What they answer, as it comes. Those who are asked when nobody reads on are let be.</summary>
    public async IAsyncEnumerable<(string Server, Outcome<Pdu> Made)> AskAsync(IEnumerable<string> servers)
    {
        var waiting = new Queue<string>(servers);
        var asked = new List<(string Server, Task<Outcome<Pdu>> Making)>();
        while (waiting.Count > 0 || asked.Count > 0)
        {
            if (asked.Count < MaxAtOnce && waiting.TryDequeue(out var next))
                asked.Add((next, make(next)));
            var first = Task.WhenAny(asked.Select(a => a.Making));
            if (asked.Count < MaxAtOnce && waiting.Count > 0 && await IsSlowAsync(first))
                continue;
            var made = await first;
            var answer = asked.Find(a => a.Making == made);
            asked.Remove(answer);
            yield return (answer.Server, await made);
        }
    }

    private async Task<bool> IsSlowAsync(Task answer)
    {
        using var stop = new CancellationTokenSource();
        var moment = Task.Delay(s_moment, time, stop.Token);
        var isSlow = await Task.WhenAny(answer, moment) == moment;
        await stop.CancelAsync();
        return isSlow;
    }
}
