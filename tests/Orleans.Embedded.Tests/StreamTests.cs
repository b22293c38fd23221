using Orleans.Embedded.Tests.Grains;
using Orleans.Runtime;

namespace Orleans.Embedded.Tests;

public class StreamTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_gives_its_elements_as_they_come_while_other_calls_run()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ISubjectGrain>("a");
        List<int> seen = [];
        await foreach (var number in grain.Numbers(250, "gate", Cancel))
        {
            seen.Add(number);
            if (number == 2)
            {
                await cluster.Gates.Reached("gate");
                Assert.Equal("here", await grain.Interleave());
                cluster.Gates.Open("gate");
            }
        }
        Assert.Equal(Enumerable.Range(0, 250), seen);
        Assert.Equal(1, cluster.Gates.Count("gate ended"));
    }

    [Fact]
    public async Task A_failure_comes_after_the_elements_before_it()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Gates.Open("fail");
        List<int> seen = [];
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (var number in cluster.Grains.GetGrain<ISubjectGrain>("a").Numbers(5, "fail", Cancel))
                seen.Add(number);
        });
        Assert.Equal([0, 1, 2, 3, 4], seen);
    }

    [Fact]
    public async Task A_reader_that_stops_early_ends_the_stream_in_the_grain()
    {
        await using var cluster = await TestCluster.StartAsync();
        await foreach (var number in cluster.Grains.GetGrain<ISubjectGrain>("a").Numbers(1000, "gate", Cancel))
        {
            if (number == 1)
                break;
        }
        await cluster.Gates.Reached("gate ended");
    }

    [Fact]
    public async Task A_reader_that_cancels_ends_the_wait()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var number in cluster.Grains.GetGrain<ISubjectGrain>("a").Numbers(10, "gate", cancellation.Token))
            {
                if (number == 2)
                    cancellation.CancelAfter(10);
            }
        });
        await cluster.Gates.Reached("gate ended");
    }

    [Fact]
    public async Task The_end_of_the_activation_ends_the_stream()
    {
        await using var cluster = await TestCluster.StartAsync();
        var grain = cluster.Grains.GetGrain<ISubjectGrain>("a");
        await Assert.ThrowsAsync<EnumerationAbortedException>(async () =>
        {
            await foreach (var number in grain.Numbers(10, "gate", Cancel))
            {
                if (number == 2)
                {
                    await cluster.Gates.Reached("gate");
                    await cluster.Cluster.DeactivateAsync(grain);
                }
            }
        });
    }
}
