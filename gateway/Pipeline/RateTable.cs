using OrleansMatrix.Grains.Abstractions.RateLimiting;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Token buckets of one rate in constant memory: a table of times, where a key takes from the slot that it hashes to. Two keys that meet in a slot share its
/// rate; string hashing is seeded per process, so nobody can choose whom to meet. Thread-safe.
/// </summary>
internal sealed class RateTable(Rate rate, TimeProvider time)
{
    private const int Slots = 1 << 16;
    private const int PageSize = 1 << 10;

    // The times at which the buckets will be full again. A small server fills few pages of them.
    private readonly long[]?[] _pages = new long[Slots / PageSize][];

    /// <summary>Takes a token; 0 if there was one, else the milliseconds until there will be.</summary>
    public long Take(string key)
    {
        ref var slot = ref Slot((uint)key.GetHashCode(StringComparison.Ordinal) % Slots);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        while (true)
        {
            var before = Volatile.Read(ref slot);
            var full = before;
            if (rate.Take(ref full, now, 1) is { Tokens: 0, WaitMs: var wait })
                return wait;
            if (Interlocked.CompareExchange(ref slot, full, before) == before)
                return 0;
        }
    }

    /// <summary>Takes tokens that there may not be: they are owed.</summary>
    public void Charge(string key, int tokens)
    {
        ref var slot = ref Slot((uint)key.GetHashCode(StringComparison.Ordinal) % Slots);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        while (true)
        {
            var before = Volatile.Read(ref slot);
            if (Interlocked.CompareExchange(ref slot, Math.Max(before, now) + (tokens * rate.Interval), before) == before)
                return;
        }
    }

    /// <summary>Milliseconds until nothing is owed, or 0.</summary>
    public long Owed(string key)
    {
        var full = Volatile.Read(ref Slot((uint)key.GetHashCode(StringComparison.Ordinal) % Slots));
        return Math.Max(0, full - time.GetUtcNow().ToUnixTimeMilliseconds() - rate.Capacity);
    }

    private ref long Slot(uint index)
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
