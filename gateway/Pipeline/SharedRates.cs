using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.Grains.Abstractions.RateLimiting;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Tokens of buckets that all gateways share. A gateway takes some at a time from the bucket's grain and gives them out; that a bucket is empty is remembered for
/// as long as it is, so that what is refused costs no call. Thread-safe, bounded.
/// </summary>
internal sealed class SharedRates(Func<string, IRateLimitGrain> buckets, TimeProvider time)
{
    /// <summary>Grains for each class: few enough to be bounded in memory, many enough to be on all silos.</summary>
    private const int Parts = 64;

    /// <summary>This part of a full bucket is taken at a time.</summary>
    private const int Portions = 20;

    private const int MaxKeys = 50_000;

    // Tokens that were taken and not used by then are not used any more: their bucket is fuller than its grain knows.
    private const long LeaseMs = 5_000;
    private readonly ConcurrentDictionary<(RateClass Class, string Key), Bucket> _buckets = new();

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc cref="RateLimiter.TakeAsync"/>
    public async ValueTask<long> TakeAsync(RateClass rateClass, Rate rate, string key)
    {
        if (!_buckets.TryGetValue((rateClass, key), out var bucket))
        {
            if (_buckets.Count >= MaxKeys)
                _buckets.Clear();
            bucket = _buckets.GetOrAdd((rateClass, key), static _ => new Bucket());
        }

        while (true)
        {
            if (bucket.TryTake(Now, () => AskAsync(rateClass, rate, key)) is not { } asking)
                return 0;
            if (await asking is var refused && refused > Now)
                return refused - Now;
        }
    }

    private async Task<RateLease> AskAsync(RateClass rateClass, Rate rate, string key)
    {
        var part = SHA256.HashData(Encoding.UTF8.GetBytes(key))[0] % Parts;
        try
        {
            return await buckets(string.Create(CultureInfo.InvariantCulture, $"{rateClass}/{part}")).Take(key, rate, Math.Max(1, rate.Burst / Portions));
        }
        catch (Exception fault) when (fault is TimeoutException || ClusterFaults.IsOne(fault))
        {
            // The request fares as the cluster does.
            return new RateLease(1, 0);
        }
    }

    /// <summary>What this gateway has of a bucket.</summary>
    private sealed class Bucket
    {
        private readonly Lock _gate = new();
        private int _tokens;
        private long _leaseEnds;
        private long _emptyUntil;
        private Task<long>? _asking;

        /// <summary>Null if a token was taken. Else a task: until when the bucket is empty, or a time that has gone if there may be tokens.</summary>
        public Task<long>? TryTake(long now, Func<Task<RateLease>> ask)
        {
            lock (_gate)
            {
                if (_asking is { IsCompleted: false })
                    return _asking;
                if (now < _emptyUntil)
                    return Task.FromResult(_emptyUntil);
                if (_tokens == 0 || now >= _leaseEnds)
                    return _asking = AskAsync(now, ask);
                _tokens--;
                return null;
            }
        }

        private async Task<long> AskAsync(long now, Func<Task<RateLease>> ask)
        {
            await Task.Yield();
            var lease = await ask();
            lock (_gate)
            {
                (_tokens, _leaseEnds, _emptyUntil) = (lease.Tokens, now + LeaseMs, lease.Tokens > 0 ? 0 : now + lease.WaitMs);
                return _emptyUntil;
            }
        }
    }
}
