using Orleans.Embedded.Tests.Grains;

namespace Orleans.Embedded.Tests;

public class TurnTests
{
    [Fact]
    public async Task A_call_waits_until_the_one_before_it_has_ended()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ITurnGrain>("a");
        var first = grain.Hold("first");
        await cluster.Gates.Reached("first");
        var second = grain.Hold("second");
        var third = grain.Hold("third");
        // Reaches the grain after the two, so that they would have started by now.
        await grain.Interleave("look");
        Assert.Equal(["first", "look"], cluster.Gates.Notes);
        cluster.Gates.Open("first");
        await cluster.Gates.Reached("second");
        Assert.Equal(0, cluster.Gates.Count("third"));
        cluster.Gates.Open("third");
        cluster.Gates.Open("second");
        await Task.WhenAll(first, second, third);
        Assert.Equal(["first", "look", "second", "third"], cluster.Gates.Notes);
    }

    [Fact]
    public async Task No_update_is_lost_under_many_callers()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ITurnGrain>("a");
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
                await grain.Add();
        })));
        Assert.Equal(5001, await grain.Add());
    }

    [Fact]
    public async Task Calls_of_one_caller_run_in_the_order_they_were_made()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ITurnGrain>("a");
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => grain.Add()));
        Assert.Equal(Enumerable.Range(1, 200), results);
    }

    [Fact]
    public async Task An_await_comes_back_to_the_activation()
    {
        await using var cluster = await TestCluster.StartAsync();
        Assert.True(await cluster.Grains.GetGrain<ITurnGrain>("a").ReturnsToTheActivation());
    }

    [Fact]
    public async Task Readers_interleave_with_each_other_and_with_no_writer()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ITurnGrain>("a");
        var first = grain.Read("reader 1");
        var second = grain.Read("reader 2");
        await cluster.Gates.Reached("reader 1");
        await cluster.Gates.Reached("reader 2");
        var writer = grain.Hold("writer");
        cluster.Gates.Open("reader 1");
        await first;
        await grain.Interleave("look");
        Assert.Equal(0, cluster.Gates.Count("writer"));
        cluster.Gates.Open("reader 2");
        cluster.Gates.Open("writer");
        await Task.WhenAll(second, writer);
    }

    [Fact]
    public async Task A_reader_that_waits_behind_a_writer_passes_when_readers_run()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ITurnGrain>("a");
        var writer = grain.Hold("writer");
        await cluster.Gates.Reached("writer");
        var reader1 = grain.Read("reader 1");
        var writer2 = grain.Hold("writer 2");
        var reader2 = grain.Read("reader 2");
        cluster.Gates.Open("writer");
        await cluster.Gates.Reached("reader 1");
        await cluster.Gates.Reached("reader 2");
        Assert.Equal(0, cluster.Gates.Count("writer 2"));
        cluster.Gates.Open("reader 1");
        cluster.Gates.Open("reader 2");
        cluster.Gates.Open("writer 2");
        await Task.WhenAll(writer, reader1, writer2, reader2);
    }

    [Fact]
    public async Task A_reentrant_class_interleaves_all_calls()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<IReentrantGrain>("a");
        Task[] calls = [grain.Hold("1"), grain.Hold("2")];
        await cluster.Gates.Reached("1");
        await cluster.Gates.Reached("2");
        cluster.Gates.Open("1");
        cluster.Gates.Open("2");
        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task A_class_may_say_itself_which_calls_interleave()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<IMayInterleaveGrain>("a");
        var held = grain.Hold("held");
        await cluster.Gates.Reached("held");
        var large = grain.Small("large");
        await grain.Small("small");
        Assert.Equal(0, cluster.Gates.Count("large"));
        cluster.Gates.Open("held");
        await Task.WhenAll(held, large);
    }

    [Fact]
    public async Task A_one_way_call_returns_before_it_runs_and_hides_its_failure()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ITurnGrain>("a");
        var held = grain.Hold("held");
        await cluster.Gates.Reached("held");
        var oneWay = grain.Throw("thrown");
        Assert.True(oneWay.IsCompletedSuccessfully);
        Assert.Equal(0, cluster.Gates.Count("thrown"));
        cluster.Gates.Open("held");
        await held;
        await cluster.Gates.Reached("thrown");
    }

    [Fact]
    public async Task A_stateless_worker_has_as_many_activations_as_it_allows()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<IWorkerGrain>("a");
        Task[] calls = [grain.Hold("1"), grain.Hold("2"), grain.Hold("3")];
        await cluster.Gates.Reached("1");
        await cluster.Gates.Reached("2");
        Assert.Equal(0, cluster.Gates.Count("3"));
        cluster.Gates.Open("1");
        cluster.Gates.Open("2");
        cluster.Gates.Open("3");
        await Task.WhenAll(calls);
    }
}
