namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Asks servers for something: the next one as soon as one has failed, or has not answered for a moment. So one that is slow or dead does not hold up what
/// another could give.
/// </summary>
/// <param name="ask">Asks one server. The token ends the asking once nobody wants the answer any more.</param>
/// <param name="atOnce">The most that are asked at once.</param>
/// <param name="moment">How long one may take before the next one is asked as well.</param>
/// <param name="time">The clock.</param>
internal sealed class ServersInTurn<T>(Func<string, CancellationToken, Task<T>> ask, int atOnce, TimeSpan moment, TimeProvider time)
{
    /// <summary>What they answer, as it comes.</summary>
    public async IAsyncEnumerable<(string Server, T Answer)> AskAsync(IEnumerable<string> servers)
    {
        var waiting = new Queue<string>(servers);
        var asked = new List<(string Server, Task<T> Asking)>();
        using var ended = new CancellationTokenSource();
        try
        {
            while (waiting.Count > 0 || asked.Count > 0)
            {
                if (asked.Count < atOnce && waiting.TryDequeue(out var next))
                    asked.Add((next, ask(next, ended.Token)));
                var first = Task.WhenAny(asked.Select(a => a.Asking));
                if (asked.Count < atOnce && waiting.Count > 0 && await IsSlowAsync(first))
                    continue;
                var done = await first;
                var answer = asked.Find(a => a.Asking == done);
                asked.Remove(answer);
                yield return (answer.Server, await done);
            }
        }
        finally
        {
            await ended.CancelAsync();
        }
    }

    private async Task<bool> IsSlowAsync(Task answer)
    {
        using var stop = new CancellationTokenSource();
        var wait = Task.Delay(moment, time, stop.Token);
        var isSlow = await Task.WhenAny(answer, wait) == wait;
        await stop.CancelAsync();
        return isSlow;
    }
}
