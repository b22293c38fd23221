using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Orleans.Embedded.Tests;

/// <summary>A cluster with a clock that stands still, gates, and reminders in memory that all silos share.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private TestCluster(InProcessTestCluster silos, TestClock clock, Gates gates, InMemoryReminderStorage reminders) =>
        (Cluster, Clock, Gates, Reminders) = (silos, clock, gates, reminders);

    public InProcessTestCluster Cluster { get; }

    public TestClock Clock { get; }

    public Gates Gates { get; }

    public InMemoryReminderStorage Reminders { get; }

    public IGrainFactory Grains => Cluster.Client;

    public static async Task<TestCluster> StartAsync(short silos = 1, Action<ISiloBuilder>? configure = null)
    {
        var clock = new TestClock();
        var gates = new Gates();
        var reminders = new InMemoryReminderStorage();
        var builder = new InProcessTestClusterBuilder(silos)
            .ConfigureHost(host =>
            {
                host.Services.AddSingleton<TimeProvider>(clock);
                host.Services.AddSingleton(gates);
            })
            .ConfigureSilo((_, silo) =>
            {
                silo.Services.AddSingleton<IReminderStorage>(reminders);
                configure?.Invoke(silo);
            });
        var cluster = new TestCluster(builder.Build(), clock, gates, reminders);
        await cluster.Cluster.DeployAsync();
        return cluster;
    }

    /// <summary>Moves the clock in steps until the task is done; each step lets what the clock set off run.</summary>
    public async Task AdvanceUntil(Task task, TimeSpan step, int steps = 1000)
    {
        for (var i = 0; i < steps && !task.IsCompleted; i++)
        {
            Clock.Advance(step);
            await Task.WhenAny(task, Task.Delay(1));
        }
        await task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
