using Orleans.Embedded.Tests.Grains;

namespace Orleans.Embedded.Tests;

public class TimeoutTests
{
    [Fact]
    public async Task A_call_without_an_answer_times_out_after_30_seconds()
    {
        await using var cluster = await TestCluster.StartAsync();
        var call = cluster.Grains.GetGrain<ISlowGrain>("a").Hold("held");
        await cluster.Gates.Reached("held");
        cluster.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(call.IsCompleted);
        cluster.Clock.Advance(TimeSpan.FromSeconds(2));
        var timeout = await Assert.ThrowsAsync<TimeoutException>(() => call);
        Assert.Contains("ISlowGrain.Hold of slow/a", timeout.Message);
        Assert.DoesNotContain("Deadlock", timeout.Message);
        cluster.Gates.Open("held");
    }

    [Fact]
    public async Task A_method_may_have_a_time_of_its_own()
    {
        await using var cluster = await TestCluster.StartAsync();
        var call = cluster.Grains.GetGrain<ISlowGrain>("a").HoldBriefly("held");
        await cluster.Gates.Reached("held");
        cluster.Clock.Advance(TimeSpan.FromSeconds(6));
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        cluster.Gates.Open("held");
    }

    [Fact]
    public async Task A_call_that_timed_out_while_it_waited_is_not_run()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ISlowGrain>("a");
        var first = grain.Hold("first");
        await cluster.Gates.Reached("first");
        var second = grain.Hold("second");
        cluster.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Contains("waited", (await Assert.ThrowsAsync<TimeoutException>(() => second)).Message);
        await Assert.ThrowsAsync<TimeoutException>(() => first);
        cluster.Gates.Open("first");
        cluster.Gates.Open("third");
        await grain.Hold("third");
        Assert.Equal(["first", "third"], cluster.Gates.Notes);
    }

    [Fact]
    public async Task A_grain_that_holds_its_thread_times_out_too()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ISlowGrain>("a");
        grain.Block("blocked");
        await cluster.Gates.Reached("blocked");
        var call = grain.Hold("behind");
        cluster.Clock.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        cluster.Gates.Open("blocked");
    }

    [Fact]
    public async Task A_deadlock_times_out_and_names_its_chain()
    {
        await using var cluster = await TestCluster.StartAsync();
        var call = cluster.Grains.GetGrain<ISlowGrain>("a").Ask("b c a");
        await cluster.Gates.Reached("c asks a");
        await Task.Delay(20, TestContext.Current.CancellationToken);
        cluster.Clock.Advance(TimeSpan.FromSeconds(31));
        var timeout = await Assert.ThrowsAsync<TimeoutException>(() => call);
        Assert.Contains("slow/a → slow/b → slow/c → slow/a", timeout.Message);
    }

    [Fact]
    public async Task After_a_deadlock_the_grains_go_on()
    {
        await using var cluster = await TestCluster.StartAsync();
        var call = cluster.Grains.GetGrain<ISlowGrain>("a").Ask("a");
        await cluster.Gates.Reached("a asks a");
        await cluster.AdvanceUntil(call.ContinueWith(static t => t.Exception, TaskScheduler.Default), TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        var next = cluster.Grains.GetGrain<ISlowGrain>("a").Ask("");
        // The inner call times out just after the outer one.
        await cluster.AdvanceUntil(next, TimeSpan.FromSeconds(1));
        Assert.Equal("end", await next);
    }

    [Fact]
    public async Task A_timeout_signals_the_calls_cancellation_token_in_a_turn()
    {
        await using var cluster = await TestCluster.StartAsync();
        var call = cluster.Grains.GetGrain<ISlowGrain>("a").HoldUntilCancelled("held", TestContext.Current.CancellationToken);
        await cluster.Gates.Reached("held");
        cluster.Clock.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<TimeoutException>(() => call);
        await cluster.Gates.Reached("held cancelled in a turn");
    }

    [Fact]
    public async Task A_caller_that_cancels_goes_on_at_once_and_the_grain_learns_of_it_in_a_turn()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var cancellation = new CancellationTokenSource();
        var call = cluster.Grains.GetGrain<ISlowGrain>("a").HoldUntilCancelled("held", cancellation.Token);
        await cluster.Gates.Reached("held");
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await cluster.Gates.Reached("held cancelled in a turn");
    }

    [Fact]
    public async Task A_call_cancelled_before_it_is_made_is_not_run()
    {
        await using var cluster = await TestCluster.StartAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => cluster.Grains.GetGrain<ISlowGrain>("a").HoldUntilCancelled("held", new CancellationToken(true)));
        Assert.Empty(cluster.Gates.Notes);
    }

    [Fact]
    public async Task A_quiet_silo_has_no_timer_for_calls()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ISlowGrain>("a");
        await grain.Ask("");
        cluster.Clock.Advance(TimeSpan.FromHours(1));
        // The clock of calls has stood still meanwhile: the next call still has all its time.
        var call = grain.Hold("held");
        await cluster.Gates.Reached("held");
        cluster.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(call.IsCompleted);
        cluster.Gates.Open("held");
        await call;
    }
}
