using System.Collections.Concurrent;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RateLimiting;
using OrleansMatrix.Grains.RateLimiting;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

public sealed class RateLimiterTests
{
    [Fact]
    public async Task A_burst_is_let_through_and_then_the_rate()
    {
        var clock = new TestClock();
        var limiter = new RateLimiter(clock, null);
        for (var i = 0; i < 50; i++)
            Assert.Equal(0, await limiter.TakeAsync(RateClass.Login, "alice"));
        Assert.Equal(200, await limiter.TakeAsync(RateClass.Login, "alice"));
        Assert.Equal(0, await limiter.TakeAsync(RateClass.Login, "bob"));
        Assert.Equal(0, await limiter.TakeAsync(RateClass.General, "alice"));
        clock.Advance(TimeSpan.FromMilliseconds(199));
        Assert.Equal(1, await limiter.TakeAsync(RateClass.Login, "alice"));
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, await limiter.TakeAsync(RateClass.Login, "alice"));
        Assert.NotEqual(0, await limiter.TakeAsync(RateClass.Login, "alice"));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(50, await CountAsync(limiter, RateClass.Login, 60));
    }

    [Fact]
    public async Task Many_takers_at_once_get_the_burst_and_no_more()
    {
        var limiter = new RateLimiter(new TestClock(), null);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => CountAsync(limiter, RateClass.General, 100))));
        Assert.Equal(200, taken.Sum());
    }

    [Fact]
    public async Task When_off_nothing_is_limited()
    {
        var limiter = new RateLimiter(new TestClock(), null, enabled: false);
        Assert.Equal(1000, await CountAsync(limiter, RateClass.Registration, 1000));
    }

    /// <summary>Two gateways that share buckets give what one would, and a twentieth of it each where the rate is high.</summary>
    [Theory]
    [InlineData(RateClass.Login, 50)]
    [InlineData(RateClass.Registration, 20)]
    [InlineData(RateClass.Outreach, 50)]
    [InlineData(RateClass.General, 200 + (2 * 10))]
    [InlineData(RateClass.Server, 2000 + (2 * 100))]
    public async Task Gateways_share_the_buckets(RateClass rateClass, int burst)
    {
        var clock = new TestClock();
        var buckets = new Buckets(clock);
        RateLimiter[] gateways = [new(clock, buckets.Of), new(clock, buckets.Of)];
        var taken = await CountAsync(gateways[0], rateClass, burst) + await CountAsync(gateways[1], rateClass, burst);
        Assert.Equal(burst, taken);
        Assert.Equal(0, await CountAsync(gateways[0], rateClass, 1) + await CountAsync(gateways[1], rateClass, 1));
        var calls = buckets.Calls;
        Assert.Equal(0, await CountAsync(gateways[0], rateClass, 100) + await CountAsync(gateways[1], rateClass, 100));
        Assert.Equal(calls, buckets.Calls);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEqual(0, await CountAsync(gateways[1], rateClass, 1));
        clock.Advance(TimeSpan.FromHours(1));
        taken = (await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => CountAsync(gateways[i % 2], rateClass, burst))))).Sum();
        Assert.Equal(burst, taken);
    }

    [Fact]
    public async Task Ordinary_use_costs_no_call_and_heavy_use_one_for_a_twentieth_of_the_burst()
    {
        var clock = new TestClock();
        var buckets = new Buckets(clock);
        var limiter = new RateLimiter(clock, buckets.Of);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(2, await CountAsync(limiter, RateClass.General, 2));
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0, buckets.Calls);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(110, await CountAsync(limiter, RateClass.General, 110));
        Assert.Equal(10, buckets.Calls);
    }

    [Fact]
    public async Task While_the_cluster_does_not_answer_requests_are_let_through()
    {
        var limiter = new RateLimiter(new TestClock(), _ => throw new TimeoutException());
        Assert.Equal(100, await CountAsync(limiter, RateClass.Login, 100));
    }

    /// <summary>How many of some requests are let through.</summary>
    private static async Task<int> CountAsync(RateLimiter limiter, RateClass rateClass, int requests)
    {
        var taken = 0;
        for (var i = 0; i < requests; i++)
            taken += await limiter.TakeAsync(rateClass, "alice") == 0 ? 1 : 0;
        return taken;
    }

    private sealed class Buckets(TestClock clock)
    {
        private readonly ConcurrentDictionary<string, IRateLimitGrain> _grains = new();
        private int _calls;

        public int Calls => _calls;

        public IRateLimitGrain Of(string key)
        {
            Interlocked.Increment(ref _calls);
            return _grains.GetOrAdd(key, _ => new OneTurn(new RateLimitGrain(clock)));
        }
    }

    /// <summary>As a grain, one call at a time.</summary>
    private sealed class OneTurn(RateLimitGrain grain) : IRateLimitGrain
    {
        public Task<RateLease> Take(string key, Rate rate, int wanted)
        {
            lock (grain)
                return grain.Take(key, rate, wanted);
        }
    }
}
