namespace OrleansMatrix.Federation;

/// <summary>
/// When to try a server again that does not answer: after a while at first, then twice as long each time, up to the longest wait. It is remembered over
/// restarts and shortened when the server is heard of, which a retry within one call cannot be (ADR 0051).
/// </summary>
public sealed class Backoff(TimeProvider time)
{
    private const int MaxDoublings = 20;
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);

    // A little over half an hour since the first failure.
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(15);

    // What is shorter need not outlive a restart.
    private static readonly TimeSpan s_kept = TimeSpan.FromSeconds(30);
    private DateTimeOffset _failedAt;
    private DateTimeOffset _until;
    private int _failures;

    /// <summary>How often it failed in a row.</summary>
    public int Failures => _failures;

    /// <summary>When it failed last.</summary>
    public DateTimeOffset FailedAt => _failedAt;

    /// <summary>It is time to try.</summary>
    public bool IsOver => Left == TimeSpan.Zero;

    /// <summary>The last try failed.</summary>
    public bool HasFailed => _failures > 0;

    /// <summary>The server has been away for long.</summary>
    public bool IsLong => HasFailed && Wait >= s_long;

    /// <summary>The wait is worth being remembered.</summary>
    public bool IsKept => HasFailed && Wait >= s_kept;

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

    /// <summary>
    /// It may work now: the next try comes at <paramref name="afterFailure"/> after the last one failed if it was to come later. The waits go on to grow. True
    /// if it was.
    /// </summary>
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

    /// <summary>Goes on with <see cref="Failures"/> and <see cref="FailedAt"/> that were remembered.</summary>
    public void Restore(int failures, DateTimeOffset failedAt)
    {
        // A clock that was wrong must not make a wait without end.
        var now = time.GetUtcNow();
        _failures = failures;
        _failedAt = failedAt < now ? failedAt : now;
        _until = _failedAt + Wait;
    }

    /// <summary>The wait after that many failures in a row, one or more.</summary>
    public static TimeSpan After(int failures, TimeSpan first, TimeSpan longest) =>
        TimeSpan.FromTicks(Math.Min(first.Ticks << Math.Min(failures - 1, MaxDoublings), longest.Ticks));

    private TimeSpan Wait => After(_failures, s_first, s_longest);
}
