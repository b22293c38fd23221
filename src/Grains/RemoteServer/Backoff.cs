using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>When to try a server again that does not answer: after two seconds at first, then twice as long each time, up to an hour.</summary>
internal sealed class Backoff(TimeProvider time)
{
    private const int MaxDoublings = 11;

    // A little over half an hour since the first failure.
    private const int LongFailures = 10;

    // Waits of half a minute and more outlive a restart.
    private const int KeptFailures = 5;
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);
    private DateTimeOffset _failedAt;
    private DateTimeOffset _until;
    private int _failures;

    /// <summary>It is time to try.</summary>
    public bool IsOver => Left == TimeSpan.Zero;

    /// <summary>The last try failed.</summary>
    public bool HasFailed => _failures > 0;

    /// <summary>The server has been away for long.</summary>
    public bool IsLong => _failures >= LongFailures;

    /// <summary>The wait is worth being remembered.</summary>
    public bool IsKept => _failures >= KeptFailures;

    /// <summary>The time until the next try.</summary>
    public TimeSpan Left => _until - time.GetUtcNow() is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>It failed; the time to wait.</summary>
    public TimeSpan Failed()
    {
        _failures++;
        _failedAt = time.GetUtcNow();
        _until = _failedAt + Wait;
        return Wait;
    }

    /// <summary>It failed, but not in its turn: the waits grow no longer by it; the time to wait.</summary>
    public TimeSpan Again()
    {
        _failures = Math.Max(0, _failures - 1);
        return Failed();
    }

    /// <summary>It may work now: the next try comes at <paramref name="afterFailure"/> after the last one failed if it was to come later. The waits go on to grow. True if it was.</summary>
    public bool Hasten(TimeSpan afterFailure)
    {
        if (_until <= _failedAt + afterFailure)
            return false;
        _until = _failedAt + afterFailure;
        return true;
    }

    /// <summary>It may work again; the next try is at the earliest <paramref name="afterFailure"/> after the last one failed.</summary>
    public void Reset(TimeSpan afterFailure = default)
    {
        _failures = 0;
        _until = _failedAt + afterFailure;
    }

    /// <summary>What to remember of it.</summary>
    public ServerBackoffRow ToRow(string server) => new(server, _failures, _failedAt.ToUnixTimeMilliseconds());

    /// <summary>Goes on with what was remembered.</summary>
    public void Restore(ServerBackoffRow row)
    {
        // A clock that was wrong must not make a wait without end.
        var (failedAt, now) = (DateTimeOffset.FromUnixTimeMilliseconds(row.FailedAt), time.GetUtcNow());
        _failures = row.Failures;
        _failedAt = failedAt < now ? failedAt : now;
        _until = _failedAt + Wait;
    }

    private TimeSpan Wait => TimeSpan.FromTicks(Math.Min(s_first.Ticks << Math.Min(_failures - 1, MaxDoublings), s_longest.Ticks));
}
