namespace OrleansMatrix.Grains.Account;

/// <summary>
/// Slows the guessing of one account's password: ten wrong ones at once, then one in ten seconds. Accounts that do not exist are limited alike.
/// </summary>
internal sealed class FailureLimit(TimeProvider time)
{
    private const long IntervalMs = 10_000;
    private const long CapacityMs = 10 * IntervalMs;
    private long _full;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Milliseconds to wait before the next attempt; 0: it may be made.</summary>
    public long Wait => Math.Max(0, _full + IntervalMs - CapacityMs - Now);

    public void Failed() => _full = Math.Max(_full, Now) + IntervalMs;
}
