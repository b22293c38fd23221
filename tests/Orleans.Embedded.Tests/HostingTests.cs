using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Embedded.Tests.Grains;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Embedded.Tests;

public class HostingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hosted_silo_answers_calls()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo.UseLocalhostClustering().ConfigureEndpoints(System.Net.IPAddress.Loopback, 1, 2));
        using var host = builder.Build();
        await host.StartAsync(Cancel);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var echo = grains.GetGrain<IEchoGrain>("a");
        Assert.Equal("a: hello", await echo.Echo("hello"));
        Assert.Equal(1, await echo.Count(Cancel));
        await echo.Nothing();
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => echo.Fail("no"));
        Assert.Equal("no", failure.Message);
        await host.StopAsync(Cancel);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => echo.Echo("after the end"));
    }

    [Fact]
    public async Task The_older_host_builder_takes_a_silo_too()
    {
        using var host = new HostBuilder().UseOrleans((_, silo) => silo.UseLocalhostClustering()).Build();
        await host.StartAsync(Cancel);
        Assert.Equal("b: x", await host.Services.GetRequiredService<IClusterClient>().GetGrain<IEchoGrain>("b").Echo("x"));
        await host.StopAsync(Cancel);
    }

    [Fact]
    public async Task A_call_before_the_silo_has_started_is_refused()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans();
        using var host = builder.Build();
        await Assert.ThrowsAsync<SiloUnavailableException>(
            () => host.Services.GetRequiredService<IGrainFactory>().GetGrain<IEchoGrain>("a").Echo("x"));
    }

    [Fact]
    public void A_client_without_a_silo_says_what_it_needs()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleansClient(client => client.UseLocalhostClustering());
        using var host = builder.Build();
        Assert.Throws<OrleansConfigurationException>(() => host.Services.GetRequiredService<IClusterClient>());
    }

    [Fact]
    public async Task Stages_start_in_order_and_stop_in_reverse()
    {
        List<string> notes = [];
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo =>
        {
            silo.AddStartupTask(async (services, ct) =>
                notes.Add(await services.GetRequiredService<IGrainFactory>().GetGrain<IEchoGrain>("s").Echo("startup")));
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
                new Participant(notes, ServiceLifecycleStage.ApplicationServices, "application"));
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
                new Participant(notes, ServiceLifecycleStage.RuntimeInitialize, "runtime"));
        });
        using var host = builder.Build();
        await host.StartAsync(Cancel);
        await host.StopAsync(Cancel);
        Assert.Equal(["start runtime", "start application", "s: startup", "stop application", "stop runtime"], notes);
    }

    [Fact]
    public async Task A_start_that_fails_stops_what_had_started_and_fails_the_host()
    {
        List<string> notes = [];
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo =>
        {
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
                new Participant(notes, ServiceLifecycleStage.RuntimeInitialize, "runtime"));
            silo.AddStartupTask((_, _) => throw new InvalidOperationException("broken"));
        });
        using var host = builder.Build();
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(Cancel));
        Assert.Equal(["start runtime", "stop runtime"], notes);
    }

    [Fact]
    public async Task A_stop_waits_for_the_calls_under_way_and_lets_them_call_on()
    {
        var (host, gates) = await StartAsync(TimeSpan.FromSeconds(30));
        using var _ = host;
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>("a");
        var call = grain.HoldThenAdd("held", "b");
        await gates.Reached("held");
        var stop = host.StopAsync(Cancel);
        Assert.False(stop.IsCompleted);
        gates.Open("held");
        Assert.Equal(1, await call);
        await stop;
    }

    [Fact]
    public async Task A_stop_is_over_after_the_hosts_time_whatever_still_runs()
    {
        var (host, gates) = await StartAsync(TimeSpan.FromMilliseconds(100));
        using var _ = host;
        var call = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>("a").Hold("held");
        await gates.Reached("held");
        await host.StopAsync(Cancel);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => call);
    }

    private static async Task<(IHost Host, Gates Gates)> StartAsync(TimeSpan shutdown)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<Gates>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = shutdown);
        builder.UseOrleans();
        var host = builder.Build();
        await host.StartAsync(Cancel);
        return (host, host.Services.GetRequiredService<Gates>());
    }

    private sealed class Participant(List<string> notes, int stage, string name) : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(name, stage,
            _ => Note("start"), _ => Note("stop"));

        private Task Note(string what)
        {
            notes.Add($"{what} {name}");
            return Task.CompletedTask;
        }
    }
}
