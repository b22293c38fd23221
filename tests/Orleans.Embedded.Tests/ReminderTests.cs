using Orleans.Embedded.Tests.Grains;

namespace Orleans.Embedded.Tests;

public class ReminderTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_reminder_ticks_when_due_and_each_period_after()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.Grains.GetGrain<IReminderGrain>("a").Remind("r", 5 * Minute, 10 * Minute);
        cluster.Clock.Advance(4 * Minute);
        Assert.Equal(0, cluster.Gates.Count("r"));
        cluster.Clock.Advance(1 * Minute);
        await cluster.Gates.Reached("a r 00:05 10 00:05");
        await cluster.AdvanceUntil(cluster.Gates.Reached("a r 00:05 10 00:15"), Minute, 12);
        await cluster.AdvanceUntil(cluster.Gates.Reached("a r 00:05 10 00:25"), Minute, 12);
        Assert.Equal(3, cluster.Gates.Count("r"));
    }

    [Fact]
    public async Task A_reminder_outlives_its_activation_and_its_silo()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.Grains.GetGrain<IReminderGrain>("a").Remind("r", 5 * Minute, 10 * Minute);
        await cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos[0]);
        cluster.Clock.Advance(7 * Minute);
        Assert.Equal(0, cluster.Gates.Count("r"));
        await cluster.Cluster.StartAdditionalSiloAsync();
        cluster.Clock.Advance(8 * Minute);
        await cluster.Gates.Reached("a r 00:05 10 00:15");
    }

    [Fact]
    public async Task A_reminder_can_be_replaced_and_forgotten()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<IReminderGrain>("a");
        Assert.False(await grain.Has("r"));
        await grain.Remind("r", 5 * Minute, 10 * Minute);
        await grain.Remind("r", 20 * Minute, 30 * Minute);
        Assert.True(await grain.Has("r"));
        cluster.Clock.Advance(19 * Minute);
        Assert.Equal(0, cluster.Gates.Count("r"));
        cluster.Clock.Advance(1 * Minute);
        await cluster.Gates.Reached("a r 00:20 30 00:20");
        await grain.Forget("r");
        Assert.False(await grain.Has("r"));
        cluster.Clock.Advance(120 * Minute);
        Assert.False(await grain.Has("r"));
        Assert.Equal(1, cluster.Gates.Count("r"));
    }

    [Fact]
    public async Task A_period_under_a_minute_is_refused()
    {
        await using var cluster = await TestCluster.StartAsync();
        await Assert.ThrowsAsync<ArgumentException>(
            () => cluster.Grains.GetGrain<IReminderGrain>("a").Remind("r", Minute, TimeSpan.FromSeconds(59)));
    }

    [Fact]
    public async Task Two_silos_tick_each_reminder_once_and_one_that_is_left_ticks_them_all()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        for (var i = 0; i < 20; i++)
            await cluster.Grains.GetGrain<IReminderGrain>($"{i}").Remind($"r{i}", 5 * Minute, 10 * Minute);
        cluster.Clock.Advance(5 * Minute);
        for (var i = 0; i < 20; i++)
            await cluster.Gates.Reached($"r{i}");
        cluster.Clock.Advance(1 * Minute);
        await cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos[0]);
        await cluster.AdvanceUntil(Task.WhenAll(Enumerable.Range(0, 20).Select(i => cluster.Gates.Reached($"r{i}", 2))), Minute, 12);
        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal(2, cluster.Gates.Count($"r{i}")));
    }
}
