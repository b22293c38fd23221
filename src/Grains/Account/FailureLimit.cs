namespace OrleansMatrix.Grains.Account;

/// <summary>Slows guessing.</summary>
/// <param name="time">The clock.</param>
/// <param name="burst">So many wrong guesses may be made at once.</param>
/// <param name="intervalMs">Then one in so many milliseconds.</param>
internal sealed class FailureLimit(TimeProvider time, int burst, long intervalMs)
{
    private long _full;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Milliseconds to wait before the next attempt; 0: it may be made.</summary>
    public long Wait => Math.Max(0, _full + intervalMs - (burst * intervalMs) - Now);

    public void Failed() => _full = Math.Max(_full, Now) + intervalMs;
}
