using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OrleansMatrix.Benchmarks;

/// <summary>A grain that answers at once, one that comes back from a yield first, and one that calls another.</summary>
public interface IPingGrain : IGrainWithStringKey
{
    /// <summary>Answers at once.</summary>
    Task<int> Ping(int value);

    /// <summary>Answers after a turn.</summary>
    Task<int> Yield(int value);

    /// <summary>Answers what another grain answers.</summary>
    Task<int> Relay(string other, int value);
}

/// <inheritdoc cref="IPingGrain"/>
public sealed class PingGrain : Grain, IPingGrain
{
    /// <inheritdoc/>
    public Task<int> Ping(int value) => Task.FromResult(value);

    /// <inheritdoc/>
    public async Task<int> Yield(int value)
    {
        await Task.Yield();
        return value;
    }

    /// <inheritdoc/>
    public async Task<int> Relay(string other, int value) => await GrainFactory.GetGrain<IPingGrain>(other).Ping(value);
}

/// <summary>
/// What the engine of the grains costs by itself: calls in sequence, calls of 64 callers, activations.
/// </summary>
internal static class Engine
{
    private const int SiloPort = 11999;

    public static async Task RunAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo.UseLocalhostClustering(SiloPort, gatewayPort: 0));
        using var host = builder.Build();
        await host.StartAsync();
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        for (var round = 0; round < 3; round++)
        {
            Console.WriteLine($"round {round + 1}");
            await Sequential(grains);
            await Concurrent("64 callers on 64 grains", grains, 64, i => $"p{i}", (grain, n) => grain.Ping(n));
            await Concurrent("64 callers on one grain", grains, 64, _ => "one", (grain, n) => grain.Ping(n));
            await Concurrent("64 callers on 64 grains that yield", grains, 64, i => $"p{i}", (grain, n) => grain.Yield(n));
            await Concurrent("64 callers on 64 grains that relay", grains, 64, i => $"p{i}", (grain, n) => grain.Relay($"p{n % 64 + 64}", n));
            await Activations(grains, round);
        }
        await host.StopAsync();
    }

    private static async Task Sequential(IGrainFactory grains)
    {
        const int Calls = 400_000;
        var grain = grains.GetGrain<IPingGrain>("sequential");
        var times = new long[Calls];
        await Task.Run(async () =>
        {
            for (var i = 0; i < 50_000; i++)
                await grain.Ping(i);
            for (var i = 0; i < Calls; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await grain.Ping(i);
                times[i] = Stopwatch.GetTimestamp() - start;
            }
        });
        Array.Sort(times);
        double Micros(double ticks) => ticks * 1e6 / Stopwatch.Frequency;
        Console.WriteLine($"  sequential: mean {Micros(times.Average()):F2} µs, p50 {Micros(times[Calls / 2]):F2} µs, p99 " +
            $"{Micros(times[Calls * 99 / 100]):F2} µs");
    }

    private static async Task Concurrent(string name, IGrainFactory grains, int callers, Func<int, string> key,
        Func<IPingGrain, int, Task<int>> call)
    {
        const int Calls = 20_000;
        var targets = Enumerable.Range(0, callers).Select(i => grains.GetGrain<IPingGrain>(key(i))).ToArray();
        var allocated = GC.GetTotalAllocatedBytes();
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(targets.Select(grain => Task.Run(async () =>
        {
            for (var i = 0; i < Calls; i++)
                await call(grain, i);
        })));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var bytes = (GC.GetTotalAllocatedBytes() - allocated) / ((double)callers * Calls);
        Console.WriteLine($"  {name}: {callers * Calls / seconds:N0} calls/s, {bytes:F0} B a call");
    }

    private static async Task Activations(IGrainFactory grains, int round)
    {
        const int Count = 100_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Count; i += 100)
            await Task.WhenAll(Enumerable.Range(i, 100).Select(n => grains.GetGrain<IPingGrain>($"!room{round}{n:D8}:example.org").Ping(n)));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await Task.Delay(1000);
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine($"  activations: {Count / seconds:N0}/s, {bytes / Count} B per idle activation, its key of 28 characters (80 B) and its instance " +
            "included");
    }
}
