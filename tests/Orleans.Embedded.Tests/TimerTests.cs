using Orleans.Embedded.Tests.Grains;

namespace Orleans.Embedded.Tests;

public class TimerTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_timer_ticks_when_due_and_then_each_period_whether_its_callback_fails_or_not()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.Grains.GetGrain<ITimerGrain>("a").Start(5 * Second, 10 * Second, interleave: false, keepAlive: false);
        cluster.Clock.Advance(4.9 * Second);
        Assert.Equal(0, cluster.Gates.Count("tick"));
        cluster.Clock.Advance(0.1 * Second);
        await cluster.Gates.Reached("tick");
        await cluster.AdvanceUntil(cluster.Gates.Reached("tick", 3), Second, 25);
    }

    [Fact]
    public async Task A_tick_waits_for_the_call_under_way_unless_it_interleaves()
    {
        await using var cluster = await TestCluster.StartAsync();
        var serial = cluster.Grains.GetGrain<ITimerGrain>("serial");
        await serial.Start(Second, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);
        var held = serial.Hold("held");
        await cluster.Gates.Reached("held");
        cluster.Clock.Advance(2 * Second);
        var interleaving = cluster.Grains.GetGrain<ITimerGrain>("interleaving");
        var heldToo = interleaving.Hold("held too");
        await cluster.Gates.Reached("held too");
        Assert.Equal(0, cluster.Gates.Count("tick"));
        cluster.Gates.Open("held");
        await held;
        await cluster.Gates.Reached("tick");
        cluster.Gates.Open("held too");
        await heldToo;

        await interleaving.Start(Second, Timeout.InfiniteTimeSpan, interleave: true, keepAlive: false);
        var again = interleaving.Hold("again");
        await cluster.Gates.Reached("again");
        cluster.Clock.Advance(2 * Second);
        await cluster.Gates.Reached("tick", 2);
        cluster.Gates.Open("again");
        await again;
    }

    [Fact]
    public async Task Ticks_of_a_timer_do_not_overlap_and_calls_wait_for_them()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ITimerGrain>("a");
        await grain.HoldTicks();
        await grain.Start(Second, Second, interleave: false, keepAlive: false);
        cluster.Clock.Advance(Second);
        await cluster.Gates.Reached("ticking");
        cluster.Clock.Advance(5 * Second);
        var call = grain.Hold("behind");
        await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal(1, cluster.Gates.Count("tick"));
        Assert.Equal(0, cluster.Gates.Count("behind"));
        cluster.Gates.Open("behind");
        cluster.Gates.Open("ticking");
        await call;
        await cluster.AdvanceUntil(cluster.Gates.Reached("tick", 2), Second, 3);
    }

    [Fact]
    public async Task A_timer_can_be_changed_and_stopped()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ITimerGrain>("a");
        await grain.Start(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);
        cluster.Clock.Advance(60 * Second);
        await grain.Change(Second, Second);
        Assert.Equal(0, cluster.Gates.Count("tick"));
        cluster.Clock.Advance(Second);
        await cluster.Gates.Reached("tick");
        await grain.Stop();
        cluster.Clock.Advance(60 * Second);
        cluster.Gates.Open("after");
        await grain.Hold("after");
        Assert.Equal(["tick", "after"], cluster.Gates.Notes);
    }

    [Fact]
    public async Task The_end_of_the_activation_stops_the_timer_and_signals_its_token()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ITimerGrain>("a");
        await grain.StartWithState("state");
        cluster.Clock.Advance(Second);
        await cluster.Gates.Reached("state");
        await cluster.Cluster.DeactivateAsync(grain);
        Assert.Equal(["state", "state stopped", "deactivate"], cluster.Gates.Notes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ticks_keep_the_activation_only_if_told_to(bool keepAlive)
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.Grains.GetGrain<ITimerGrain>("a").Start(60 * Second, 60 * Second, interleave: false, keepAlive);
        for (var i = 0; i < 20 && cluster.Gates.Count("deactivate") == 0; i++)
        {
            var ticks = cluster.Gates.Count("tick");
            await cluster.AdvanceUntil(Task.WhenAny(cluster.Gates.Reached("tick", ticks + 1), cluster.Gates.Reached("deactivate")), 30 * Second);
        }
        Assert.Equal(keepAlive ? 0 : 1, cluster.Gates.Count("deactivate"));
    }
}
