using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>
/// Joins that are on their way, which through other servers may take long: a user's repeated request gets the answer of the first, and while somebody's join
/// makes this server a member of the room, others wait to be let in here. Used from the grain's own scheduler only.
/// </summary>
internal sealed class RunningJoins
{
    private readonly Dictionary<string, Task<Outcome<string>>> _running = new(StringComparer.Ordinal);
    private Task _last = Task.CompletedTask;

    /// <param name="userId">Who joins.</param>
    /// <param name="isLocal">Whether this server can let the user in by itself, so that nothing needs to be waited for.</param>
    /// <param name="join">Joins.</param>
    public async Task<Outcome<string>> RunAsync(string userId, Func<Task<bool>> isLocal, Func<Task<Outcome<string>>> join)
    {
        if (_running.TryGetValue(userId, out var running))
            return await running;
        if (await isLocal())
            return await join();
        if (_running.TryGetValue(userId, out running))
            return await running;
        _last = _running[userId] = running = AfterAsync(_last, join);
        try
        {
            return await running;
        }
        finally
        {
            _running.Remove(userId);
        }
    }

    private static async Task<Outcome<string>> AfterAsync(Task previous, Func<Task<Outcome<string>>> join)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return await join();
    }
}
