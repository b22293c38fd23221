namespace OrleansMatrix.Grains.Abstractions.RateLimiting;

/// <summary>
/// A part of the token buckets that all gateways of a cluster take from. Key: the class of requests and the number of the part, such as <c>Login/17</c>.
/// </summary>
[Alias("IRateLimitGrain"), GrainInterfaceType("IRateLimitGrain")]
public interface IRateLimitGrain : IGrainWithStringKey
{
    /// <summary>Takes tokens from one bucket: as many as there are, up to the number wanted.</summary>
    /// <param name="key">The user, address or server that is counted.</param>
    /// <param name="rate">What the bucket is filled with.</param>
    /// <param name="wanted">1 or more.</param>
    [Alias("Take")]
    Task<RateLease> Take(string key, Rate rate, int wanted);
}

/// <summary>How fast a bucket is filled, and what it holds.</summary>
/// <param name="PerSecond">Tokens; 1 to 1,000.</param>
/// <param name="Burst">Tokens of a full bucket.</param>
[GenerateSerializer, Immutable, Alias("Rate")]
public readonly record struct Rate([property: Id(0)] int PerSecond, [property: Id(1)] int Burst)
{
    /// <summary>Milliseconds that a token takes.</summary>
    public long Interval => 1000 / PerSecond;

    /// <summary>Milliseconds that an empty bucket takes to be full.</summary>
    public long Capacity => Interval * Burst;

    /// <summary>Takes tokens from a bucket that will be full at a time (generic cell rate algorithm); all times in milliseconds since the epoch.</summary>
    public RateLease Take(ref long full, long now, int wanted)
    {
        var from = Math.Max(full, now);
        var there = (int)Math.Clamp((now + Capacity - from) / Interval, 0, wanted);
        if (there == 0)
            return new RateLease(0, from + Interval - now - Capacity);
        full = from + (there * Interval);
        return new RateLease(there, 0);
    }
}

/// <summary>What a bucket gave.</summary>
/// <param name="Tokens">0: none, for <paramref name="WaitMs"/>.</param>
/// <param name="WaitMs">Milliseconds until there will be one.</param>
[GenerateSerializer, Immutable, Alias("RateLease")]
public readonly record struct RateLease([property: Id(0)] int Tokens, [property: Id(1)] long WaitMs);
