namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// The joins through other servers that are under way in this process. Only a hint: a server begins to send to the new one before this has read its answer,
/// and what it sends only once (presence) is worth waiting for a moment.
/// </summary>
public sealed class JoinsUnderWay
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Task>> _running = new(StringComparer.Ordinal);

    /// <summary>Joins through a server.</summary>
    public async Task<T> RunAsync<T>(string server, Func<Task<T>> join)
    {
        ArgumentNullException.ThrowIfNull(join);
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (!_running.TryGetValue(server, out var running))
                _running.Add(server, running = []);
            running.Add(end.Task);
        }

        try
        {
            return await join();
        }
        finally
        {
            lock (_gate)
            {
                if (_running[server].Remove(end.Task) && _running[server].Count == 0)
                    _running.Remove(server);
            }

            end.SetResult();
        }
    }

    /// <summary>Completes, never with a fault, when the joins through the server that are under way now have ended.</summary>
    public Task EndAsync(string server)
    {
        lock (_gate)
            return _running.TryGetValue(server, out var running) ? Task.WhenAll(running) : Task.CompletedTask;
    }
}
