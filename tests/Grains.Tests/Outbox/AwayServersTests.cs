using OrleansMatrix.Grains.RemoteServer;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Outbox;

public sealed class AwayServersTests
{
    private const string Gone = "gone.test";
    private readonly TestClock _clock = new();
    private readonly AwayServers _away;

    public AwayServersTests() => _away = new AwayServers(_clock);

    [Fact]
    public void The_grain_of_a_server_that_is_not_tried_is_not_told_of_each_thing_but_once_its_time_is_over()
    {
        Assert.False(_away.Withholds(Gone));
        _away.Set(Gone, TimeSpan.FromSeconds(4));
        Assert.True(_away.Withholds(Gone));
        Assert.False(_away.Withholds("other.test"));
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Empty(_away.TakeOwed());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([Gone], _away.TakeOwed());
        Assert.False(_away.Withholds(Gone));
        Assert.Empty(_away.TakeOwed());
    }

    [Fact]
    public void However_long_the_server_is_away_its_grain_is_told_after_ten_seconds()
    {
        _away.Set(Gone, TimeSpan.FromHours(1));
        Assert.True(_away.Withholds(Gone));
        _clock.Advance(AwayServers.Longest);
        Assert.False(_away.Withholds(Gone));
        _away.Set(Gone, TimeSpan.FromHours(1));
        _clock.Advance(AwayServers.Longest);
        Assert.Empty(_away.TakeOwed());
    }

    [Fact]
    public void The_grain_hears_of_every_hundredth_thing_and_so_of_a_queue_that_grows_long()
    {
        _away.Set(Gone, TimeSpan.FromHours(1));
        Assert.Equal(3, Enumerable.Range(0, 300).Count(_ => !_away.Withholds(Gone)));
    }

    [Fact]
    public void What_was_withheld_before_the_server_was_heard_of_is_in_the_queue_that_its_grain_reads_then()
    {
        _away.Set(Gone, TimeSpan.FromHours(1));
        Assert.True(_away.Withholds(Gone));
        _away.Forget(Gone);
        Assert.False(_away.Withholds(Gone));
        _clock.Advance(AwayServers.Longest);
        Assert.Empty(_away.TakeOwed());
    }

    [Fact]
    public void What_was_withheld_is_owed_though_the_grain_says_once_more_that_it_waits()
    {
        _away.Set(Gone, TimeSpan.FromSeconds(5));
        Assert.True(_away.Withholds(Gone));
        _away.Set(Gone, TimeSpan.FromSeconds(8));
        _clock.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal([Gone], _away.TakeOwed());
    }
}
