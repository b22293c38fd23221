using OrleansMatrix.Grains.Abstractions.RateLimiting;

namespace OrleansMatrix.Grains.RateLimiting;

/// <inheritdoc cref="IRateLimitGrain"/>
/// <remarks>The buckets are in memory only: a silo that dies gives those that it had a new start.</remarks>
[GrainType("ratelimit")]
public sealed class RateLimitGrain(TimeProvider time) : Grain, IRateLimitGrain
{
    /// <summary>Of more keys at a time those that were asked for longest ago have full buckets again.</summary>
    private const int MaxKeys = 20_000;
    private readonly LruCache<string, long> _full = new(MaxKeys, static _ => 1, StringComparer.Ordinal);

    public Task<RateLease> Take(string key, Rate rate, int wanted)
    {
        var full = _full.TryGet(key, out var known) ? known : 0;
        var lease = rate.Take(ref full, time.GetUtcNow().ToUnixTimeMilliseconds(), wanted);
        _full.Set(key, full);
        return Task.FromResult(lease);
    }
}
