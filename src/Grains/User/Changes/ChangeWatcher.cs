using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Changes;

/// <summary>One user's eye on the <see cref="ChangeHub"/>: its own changes and those of the rooms it watches.</summary>
public sealed class ChangeWatcher : IDisposable
{
    private readonly ChangeHub _hub;

    internal ChangeWatcher(ChangeHub hub, string userId) => (_hub, UserId) = (hub, userId);

    /// <summary>Whose changes are watched.</summary>
    public string UserId { get; }

    internal HashSet<string> Rooms { get; } = new(StringComparer.Ordinal);
    internal HashSet<TaskCompletionSource<bool>> Waiting { get; } = [];
    internal long LastSignal { get; set; }
    internal bool Disposed { get; set; }

    /// <summary>Watches these rooms and no others. Changes of a room from before it was watched are collected too.</summary>
    public void SetRooms(IReadOnlySet<string> rooms) => _hub.SetRooms(this, rooms);

    /// <summary>
    /// Adds what changed in (<paramref name="since"/>, <paramref name="upTo"/>] to <paramref name="changes"/>: all of it, and perhaps rooms that changed only
    /// later. False, with nothing added, if <paramref name="since"/> is before the hub's horizon: ask storage then.
    /// </summary>
    public bool TryCollect(long since, long upTo, ChangeSet changes) => _hub.TryCollect(this, since, upTo, changes);

    /// <summary>A position after which the user itself had no change of this kind (as far as the hub's position).</summary>
    public long LastOwn(ChangeKind kind) => _hub.LastOwn(this, kind);

    /// <summary>
    /// Waits for something after the position <paramref name="after"/>: true if there is something, false at the timeout or cancellation. Holds no thread.
    /// </summary>
    public async ValueTask<bool> WaitAsync(long after, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(time);
        var wait = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_hub.TryWait(this, after, wait))
            return true;
        try
        {
            await using var timer =
                time.CreateTimer(static state => ((TaskCompletionSource<bool>)state!).TrySetResult(false), wait, timeout, Timeout.InfiniteTimeSpan);
            await using var cancelled = cancellationToken.UnsafeRegister(static state => ((TaskCompletionSource<bool>)state!).TrySetResult(false), wait);
            return await wait.Task;
        }
        finally
        {
            _hub.EndWait(this, wait);
        }
    }

    /// <summary>Stops watching.</summary>
    public void Dispose() => _hub.Forget(this);

    internal void Signal(long position)
    {
        LastSignal = Math.Max(LastSignal, position);
        foreach (var wait in Waiting)
            wait.TrySetResult(true);
    }
}
