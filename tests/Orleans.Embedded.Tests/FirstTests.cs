using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Embedded.Tests.Grains;
using Orleans.Hosting;

namespace Orleans.Embedded.Tests;

public class FirstTests
{
    [Fact]
    public async Task A_hosted_silo_answers_calls()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo.UseLocalhostClustering());
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var echo = grains.GetGrain<IEchoGrain>("a");
        Assert.Equal("a: hello", await echo.Echo("hello"));
        Assert.Equal(1, await echo.Count(TestContext.Current.CancellationToken));
        await echo.Nothing();
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => echo.Fail("no"));
        Assert.Equal("no", failure.Message);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }
}
