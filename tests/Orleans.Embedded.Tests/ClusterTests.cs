using Microsoft.Extensions.DependencyInjection;
using Orleans.Embedded.Tests.Grains;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Orleans.Embedded.Tests;

public class ClusterTests
{
    private readonly Lives _lives = new();

    [Fact]
    public async Task Two_silos_share_the_keys()
    {
        await using var cluster = await StartAsync();
        var keys = Enumerable.Range(0, 50).Select(i => $"{i}").ToList();
        foreach (var silo in cluster.Cluster.Silos)
        {
            var grains = silo.ServiceProvider.GetRequiredService<IGrainFactory>();
            await Task.WhenAll(keys.Select(key => grains.GetGrain<ILifeGrain>(key).Generation()));
        }
        Assert.Equal(keys.Count, _lives.Count);
        var places = keys.Select(key => Assert.Single(cluster.Cluster.SilosOf(cluster.Grains.GetGrain<ILifeGrain>(key).GetGrainId()))).Distinct();
        Assert.Equal(["Primary", "Secondary_1"], places.Order());
    }

    [Fact]
    public async Task A_silo_that_is_killed_fails_its_calls_and_its_keys_come_back_elsewhere()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        var held = grain.Hold("held");
        var waiting = grain.Generation();
        await cluster.Gates.Reached("held");
        await cluster.Cluster.KillSiloAsync(SiloOf(cluster, grain));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => held);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => waiting);
        Assert.Equal(2, await grain.Generation());
        cluster.Gates.Open("held");
        Assert.DoesNotContain(cluster.Gates.Notes, note => note.StartsWith("deactivate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_runs_on_after_its_silo_was_killed()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<ITurnGrain>("a");
        var held = grain.Hold("held");
        await cluster.Gates.Reached("held");
        var silo = SiloOf(cluster, grain);
        var inside = silo.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>("a");
        await cluster.Cluster.KillSiloAsync(silo);
        cluster.Gates.Open("held");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => held);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => inside.Add());
        Assert.Equal(1, await grain.Add());
    }

    [Fact]
    public async Task A_silo_that_stops_hands_its_keys_over()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        Assert.Equal(1, await grain.Generation());
        await cluster.Cluster.StopSiloAsync(SiloOf(cluster, grain));
        Assert.Equal(1, cluster.Gates.Count("deactivate ShuttingDown"));
        Assert.Equal(2, await grain.Generation());
    }

    [Fact]
    public async Task A_silo_restarts_by_its_name()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        await grain.Generation();
        var restarted = await cluster.Cluster.RestartSiloAsync(cluster.Cluster.Silos[0]);
        Assert.Equal("Primary", restarted!.Name);
        Assert.True(restarted.IsActive);
        Assert.Equal(2, cluster.Cluster.Silos.Count);
        await grain.Generation();
    }

    [Fact]
    public async Task A_silo_that_is_cut_off_keeps_its_activation_while_the_others_make_a_second()
    {
        await using var cluster = await StartAsync();
        var grain = cluster.Grains.GetGrain<ILifeGrain>("a");
        Assert.Equal(1, await grain.Generation());
        var held = grain.Hold("held");
        await cluster.Gates.Reached("held");
        var silo = SiloOf(cluster, grain);
        cluster.Cluster.CutOffSilo(silo);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => held);
        Assert.Equal(2, await grain.Generation());
        cluster.Gates.Open("held");
        var inside = silo.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<ILifeGrain>("a");
        Assert.Equal(1, await inside.Generation());
        Assert.Equal(2, await grain.Generation());
        Assert.Equal(2, cluster.Cluster.SilosOf(grain.GetGrainId()).Count);
    }

    [Fact]
    public async Task Every_call_is_answered_while_silos_die_stop_and_start()
    {
        await using var cluster = await StartAsync();
        var stop = false;
        var answered = 0;
        // The clock stands still, so a call that is lost is never answered.
        var callers = Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (var n = 0; !Volatile.Read(ref stop); n++)
            {
                var grain = cluster.Grains.GetGrain<ILifeGrain>($"{(caller * 7 + n) % 20}");
                try
                {
                    await (n % 13 == 0 ? grain.End() : grain.Generation());
                }
                catch (SiloUnavailableException)
                {
                }
                Interlocked.Increment(ref answered);
            }
        })).ToArray();
        for (var i = 0; i < 6; i++)
        {
            await Wait(() => Volatile.Read(ref answered) > (i + 1) * 500);
            await cluster.Cluster.StartAdditionalSiloAsync();
            if (i % 2 == 0)
                await cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos[0]);
            else
                await cluster.Cluster.StopSiloAsync(cluster.Cluster.Silos[0]);
        }
        Volatile.Write(ref stop, true);
        await Task.WhenAll(callers).WaitAsync(TimeSpan.FromSeconds(20));

        async Task Wait(Func<bool> condition)
        {
            while (!condition())
                await Task.WhenAny(Task.WhenAll(callers), Task.Delay(1));
        }
    }

    private static InProcessSiloHandle SiloOf(TestCluster cluster, IAddressable grain)
    {
        var name = Assert.Single(cluster.Cluster.SilosOf(grain.GetGrainId()));
        return cluster.Cluster.Silos.Single(silo => silo.Name == name);
    }

    private Task<TestCluster> StartAsync() => TestCluster.StartAsync(2, silo => silo.Services.AddSingleton(_lives));
}
