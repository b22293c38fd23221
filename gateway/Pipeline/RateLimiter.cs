namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Token buckets in constant memory (generic cell rate algorithm): each class has a table of times, and a key takes from the slot that it hashes to. Two
/// keys that meet in a slot share its rate; string hashing is seeded per process, so nobody can choose whom to meet.
/// </summary>
/// <param name="enabled">False: everything is let through.</param>
public sealed class RateLimiter(TimeProvider time, bool enabled = true)
{
    private const int Slots = 1 << 16;
    private const int PageSize = 1 << 10;
    private readonly Table[] _tables =
    [
        new(PerSecond: 50, Burst: 200), // General
        new(PerSecond: 5, Burst: 50), // Login
        new(PerSecond: 2, Burst: 20), // Registration
        new(PerSecond: 20, Burst: 200), // Media
        new(PerSecond: 5, Burst: 50), // Outreach
        new(PerSecond: 200, Burst: 2000), // Server
    ];

    /// <summary>Takes a token; 0 if there was one, else the milliseconds until there will be.</summary>
    public long Take(RateClass rate, string key)
    {
        if (!enabled)
            return 0;
        var table = _tables[(int)rate];
        ref var slot = ref table.Slot((uint)key.GetHashCode(StringComparison.Ordinal) % Slots);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        while (true)
        {
            // The slot holds the time at which the bucket will be full again.
            var full = Volatile.Read(ref slot);
            var next = Math.Max(full, now) + table.Interval;
            var wait = next - now - table.Capacity;
            if (wait > 0)
                return wait;
            if (Interlocked.CompareExchange(ref slot, next, full) == full)
                return 0;
        }
    }

    private sealed record Table(int PerSecond, int Burst)
    {
        // A small server fills few of them.
        private readonly long[]?[] _pages = new long[Slots / PageSize][];

        public long Interval => 1000 / PerSecond;

        public long Capacity => Interval * Burst;

        public ref long Slot(uint index)
        {
            ref var page = ref _pages[index / PageSize];
            var times = Volatile.Read(ref page);
            if (times is null)
            {
                var made = new long[PageSize];
                times = Interlocked.CompareExchange(ref page, made, null) ?? made;
            }

            return ref times[index % PageSize];
        }
    }
}
