using Microsoft.Extensions.DependencyInjection;
using Orleans.Embedded.Tests.Grains;

namespace Orleans.Embedded.Tests;

public class LifeTests
{
    private readonly Lives _lives = new();

    [Fact]
    public async Task Calls_wait_for_the_activation()
    {
        await using var cluster = await StartAsync();
        _lives.HoldsActivation = true;
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        var call = grain.Generation();
        await cluster.Gates.Reached("activating");
        Assert.False(call.IsCompleted);
        cluster.Gates.Open("activating");
        Assert.Equal(1, await call);
    }

    [Fact]
    public async Task A_failure_to_activate_reaches_all_callers_and_the_key_resolves_again()
    {
        await using var cluster = await StartAsync();
        _lives.Fails = _lives.HoldsActivation = true;
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        Task<int>[] calls = [grain.Generation(), grain.Generation(), grain.Generation()];
        await cluster.Gates.Reached("activating");
        cluster.Gates.Open("activating");
        foreach (var call in calls)
            Assert.Equal("It cannot live.", (await Assert.ThrowsAsync<InvalidOperationException>(() => call)).Message);
        _lives.Fails = false;
        Assert.Equal(2, await grain.Generation());
    }

    [Fact]
    public async Task A_grain_that_asks_to_end_ends_and_comes_back_by_the_next_call()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        await grain.End();
        await cluster.Gates.Reached("deactivate ApplicationRequested");
        Assert.Equal(2, await grain.Generation());
        await cluster.Gates.Reached("dispose");
    }

    [Fact]
    public async Task Calls_that_come_while_it_deactivates_go_to_the_next_activation()
    {
        await using var cluster = await StartAsync();
        _lives.HoldsDeactivation = true;
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        await grain.End();
        await cluster.Gates.Reached("deactivating");
        Task<int>[] calls = [.. Enumerable.Range(0, 10).Select(_ => grain.Generation())];
        var other = cluster.Grains.GetGrain<ILifeGrain>("a").Generation();
        Assert.Equal(1, _lives.Count);
        cluster.Gates.Open("deactivating");
        Assert.All(await Task.WhenAll(calls), generation => Assert.Equal(2, generation));
        Assert.Equal(2, await other);
    }

    [Fact]
    public async Task A_call_under_way_ends_before_the_deactivation_begins()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        var held = grain.Hold("held");
        await cluster.Gates.Reached("held");
        var deactivated = cluster.Cluster.DeactivateAsync(grain);
        var next = grain.Generation();
        Assert.Equal(["activate", "held"], cluster.Gates.Notes);
        cluster.Gates.Open("held");
        await held;
        await deactivated;
        Assert.Equal(2, await next);
        Assert.Equal(["activate", "held", "deactivate ApplicationRequested", "dispose", "activate"], cluster.Gates.Notes);
    }

    [Fact]
    public async Task No_key_has_two_activations_while_it_comes_and_goes_under_load()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            for (var n = 0; n < 200; n++)
            {
                if (n % 20 == i)
                    await grain.End();
                else
                    await grain.Generation();
            }
        })));
        var notes = cluster.Gates.Notes.ToList();
        var alive = 0;
        foreach (var note in notes.Where(n => n is "activate" or "dispose"))
        {
            alive += note == "activate" ? 1 : -1;
            Assert.InRange(alive, 0, 1);
        }
        Assert.True(_lives.Count > 8);
    }

    [Fact]
    public async Task A_deactivation_that_hangs_is_left_after_its_time()
    {
        await using var cluster = await StartAsync();
        _lives.HoldsDeactivation = true;
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        await grain.End();
        await cluster.Gates.Reached("deactivating");
        _lives.HoldsDeactivation = false;
        cluster.Clock.Advance(TimeSpan.FromSeconds(20));
        var next = grain.Generation();
        await cluster.AdvanceUntil(next, TimeSpan.FromMilliseconds(500), 30);
        Assert.Equal(2, await next);
    }

    [Fact]
    public async Task An_activation_that_hangs_fails_its_callers()
    {
        await using var cluster = await StartAsync();
        _lives.HoldsActivation = true;
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        var call = grain.Generation();
        await cluster.Gates.Reached("activating");
        cluster.Clock.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAnyAsync<Exception>(() => call);
        _lives.HoldsActivation = false;
        Assert.Equal(2, await grain.Generation());
    }

    [Fact]
    public async Task An_idle_activation_is_collected_after_its_age()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        await grain.Generation();
        cluster.Clock.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(1, await grain.Generation());
        cluster.Clock.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(1, await grain.Generation());
        cluster.Clock.Advance(TimeSpan.FromMinutes(17));
        await cluster.Gates.Reached("deactivate ActivationIdle");
        Assert.Equal(2, await grain.Generation());
    }

    [Fact]
    public async Task A_collection_that_hangs_is_left_after_its_time()
    {
        await using var cluster = await StartAsync();
        _lives.HoldsDeactivation = true;
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        await grain.Generation();
        cluster.Clock.Advance(TimeSpan.FromMinutes(18));
        await cluster.Gates.Reached("deactivating");
        _lives.HoldsDeactivation = false;
        await cluster.AdvanceUntil(cluster.Gates.Reached("dispose"), TimeSpan.FromSeconds(1));
        Assert.Equal(2, await grain.Generation());
    }

    [Fact]
    public async Task Collection_spares_what_is_kept_and_takes_what_has_a_shorter_age()
    {
        await using var cluster = await StartAsync();
        var kept = cluster.Grains.GetGrain<IKeptGrain>("a");
        var brief = cluster.Grains.GetGrain<IShortGrain>("a");
        var delayed = cluster.Grains.GetGrain<ILifeGrain>("a");
        await kept.Add();
        await brief.Add();
        await delayed.Stay(TimeSpan.FromHours(2));
        var held = cluster.Grains.GetGrain<ILifeGrain>("b").Hold("held");
        _ = held.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
        await cluster.Gates.Reached("held");
        cluster.Clock.Advance(TimeSpan.FromMinutes(5));
        await cluster.Gates.Reached("short ended");
        Assert.Equal(1, await brief.Add());
        cluster.Clock.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal(2, await kept.Add());
        Assert.Equal(1, await delayed.Generation());
        Assert.Equal(0, cluster.Gates.Count("deactivate ActivationIdle"));
        cluster.Gates.Open("held");
    }

    [Fact]
    public async Task A_silo_that_stops_ends_all_activations()
    {
        var cluster = await StartAsync();
        for (var i = 0; i < 20; i++)
            await cluster.Grains.GetGrain<ILifeGrain>($"{i}").Generation();
        await cluster.DisposeAsync();
        Assert.Equal(20, cluster.Gates.Count("deactivate ShuttingDown"));
        Assert.Equal(20, cluster.Gates.Count("dispose"));
    }

    private Task<TestCluster> StartAsync() => TestCluster.StartAsync(1, silo => silo.Services.AddSingleton(_lives));
}
