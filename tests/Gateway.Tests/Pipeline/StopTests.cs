using System.Diagnostics;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

public sealed class StopTests
{
    [Fact]
    public async Task A_stop_does_not_wait_for_long_polls()
    {
        await using var server = await TestServer.StartAsync();
        var user = await server.RegisterAsync("alice");
        var since = (await server.GetAsync("/_matrix/client/v3/sync?timeout=0", user.Token)).Text("next_batch");
        var poll = server.GetAsync($"/_matrix/client/v3/sync?timeout=30000&since={since}", user.Token);
        (await server.GetAsync("/_matrix/client/v3/account/whoami", user.Token)).AssertOk();
        var watch = Stopwatch.StartNew();
        await server.App.StopAsync();
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"stopped after {watch.Elapsed}");
        try
        {
            Assert.Contains((await poll).Status, new[] { 200, 503 });
        }
        catch (HttpRequestException)
        {
            // The poll came when the port was closed already.
        }
    }
}
