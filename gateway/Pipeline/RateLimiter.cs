using OrleansMatrix.Grains.Abstractions.RateLimiting;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>The request rates of this server: counted here where this process is all of it, else by all gateways together (ADR 0101).</summary>
/// <param name="time">The clock.</param>
/// <param name="buckets">The grain with a key's buckets; null: no other process has requests of this server.</param>
/// <param name="enabled">False: everything is let through.</param>
public sealed class RateLimiter(TimeProvider time, Func<string, IRateLimitGrain>? buckets, bool enabled = true)
{
    // Of the classes with high rates each gateway gives a twentieth by itself, so that ordinary use costs no call.
    private const int OwnPart = 20;

    private readonly RateTable?[] _own =
        [.. Enum.GetValues<RateClass>().Select(rateClass => OwnRate(RateOf(rateClass), buckets is not null) is { } rate ? new RateTable(rate, time) : null)];
    private readonly SharedRates? _shared = buckets is null ? null : new SharedRates(buckets, time);

    /// <summary>Takes a token; 0 if there was one, else the milliseconds until there will be.</summary>
    public ValueTask<long> TakeAsync(RateClass rateClass, string key)
    {
        if (!enabled)
            return new(0);
        var wait = _own[(int)rateClass]?.Take(key);
        return wait is 0 || _shared is null ? new(wait ?? 0) : _shared.TakeAsync(rateClass, RateOf(rateClass), key);
    }

    /// <summary>The most of a class that one may do at once.</summary>
    public static int BurstOf(RateClass rateClass) => (int)RateOf(rateClass).Burst;

    private static Rate RateOf(RateClass rateClass) => rateClass switch
    {
        RateClass.General => new Rate(50, 200),
        RateClass.Login => new Rate(5, 50),
        RateClass.Registration => new Rate(2, 20),
        RateClass.Media => new Rate(20, 200),
        RateClass.Outreach => new Rate(5, 50),
        RateClass.Authentication => new Rate(100, 1000),
        RateClass.Server => new Rate(200, 2000),
        _ => throw new ArgumentOutOfRangeException(nameof(rateClass), rateClass, null),
    };

    private static Rate? OwnRate(Rate whole, bool isShared)
    {
        if (!isShared)
            return whole;
        return whole.PerSecond < OwnPart ? null : new Rate(whole.PerSecond / OwnPart, whole.Burst / OwnPart);
    }
}
