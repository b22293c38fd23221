namespace OrleansMatrix.Storage.Postgres;

/// <summary>
/// A read that many ask for at once, each wanting it no older than its own question: one runs at a time, and all who come meanwhile share the next one.
/// Thread-safe.
/// </summary>
internal sealed class SharedRead<T>(Func<Task<T>> read)
{
    private readonly Lock _gate = new();
    private Task<T>? _running;
    private Task<T>? _next;

    /// <summary>What a read that begins after the call finds.</summary>
    public Task<T> ReadAsync()
    {
        lock (_gate)
        {
            if (_next is not null) return _next;
            if (_running is not { IsCompleted: false } running) return _running = Task.Run(read);
            return _next = FollowAsync(running);
        }
    }

    private async Task<T> FollowAsync(Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task<T> own;
        lock (_gate)
        {
            own = _running = Task.Run(read);
            _next = null;
        }
        return await own.ConfigureAwait(false);
    }
}
