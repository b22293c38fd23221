using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

public sealed class RateLimiterTests
{
    [Fact]
    public void A_burst_is_let_through_and_then_the_rate()
    {
        var clock = new TestClock();
        var limiter = new RateLimiter(clock);
        for (var i = 0; i < 50; i++)
            Assert.Equal(0, limiter.Take(RateClass.Login, "alice"));
        Assert.Equal(200, limiter.Take(RateClass.Login, "alice"));
        Assert.Equal(0, limiter.Take(RateClass.Login, "bob"));
        Assert.Equal(0, limiter.Take(RateClass.General, "alice"));
        clock.Advance(TimeSpan.FromMilliseconds(199));
        Assert.Equal(1, limiter.Take(RateClass.Login, "alice"));
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, limiter.Take(RateClass.Login, "alice"));
        Assert.NotEqual(0, limiter.Take(RateClass.Login, "alice"));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(50, Enumerable.Range(0, 60).Count(_ => limiter.Take(RateClass.Login, "alice") == 0));
    }

    [Fact]
    public async Task Many_takers_at_once_get_the_burst_and_no_more()
    {
        var limiter = new RateLimiter(new TestClock());
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            Task.Run(() => Enumerable.Range(0, 100).Count(_ => limiter.Take(RateClass.General, "alice") == 0))));
        Assert.Equal(200, taken.Sum());
    }

    [Fact]
    public void When_off_nothing_is_limited()
    {
        var limiter = new RateLimiter(new TestClock(), enabled: false);
        Assert.All(Enumerable.Range(0, 1000), i => Assert.Equal(0, limiter.Take(RateClass.Registration, "alice")));
    }
}
