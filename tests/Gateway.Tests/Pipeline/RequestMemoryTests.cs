using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

public sealed class RequestMemoryTests
{
    private const int MiB = 1024 * 1024;

    [Fact]
    public void An_address_has_a_quarter_and_all_together_the_whole()
    {
        var budget = new ShareBudget(400, 100);
        var leases = Enumerable.Range(0, 4).Select(i => budget.Open("address " + i)).ToList();
        using var second = budget.Open("address 0");
        Assert.True(leases[0].TryGrow(60));
        Assert.True(second.TryGrow(40));
        Assert.False(leases[0].TryGrow(1));
        Assert.All(leases[1..], lease => Assert.True(lease.TryGrow(100)));
        using var other = budget.Open("other");
        Assert.False(other.TryGrow(1));

        leases.ForEach(lease => lease.Dispose());
        Assert.Equal(40, budget.Used);
        Assert.True(second.TryGrow(60));
        second.Dispose();
        second.Dispose();
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public async Task Unsigned_bodies_take_no_more_memory_than_their_addresses_share()
    {
        await using var server = new FederatingServer { MoreSettings = ["--Matrix:Federation:BodyMemoryBytes=67108864"] };
        await server.InitializeAsync();
        var budget = server.Services.GetRequiredService<RequestMemory>().ServerBodies;

        // A transaction of which the end never comes takes eleven of its address's sixteen.
        var (first, second) = (new Sender(server.Url), new Sender(server.Url));
        await first.BeginAsync(12 * MiB, 11 * MiB);
        await Sender.UntilAsync(() => budget.Used >= 11 * MiB);
        await second.BeginAsync(8 * MiB, 8 * MiB);
        var (status, body) = await second.AnswerAsync();
        Assert.Equal((429, "M_LIMIT_EXCEEDED", 2000), (status, body["errcode"]!.GetValue<string>(), body["retry_after_ms"]!.GetValue<int>()));

        first.Dispose();
        second.Dispose();
        using var third = new Sender(server.Url);
        await Sender.UntilAsync(() => budget.Used == 0);
        await third.BeginAsync(8 * MiB, 8 * MiB);
        Assert.Equal(401, (await third.AnswerAsync()).Status);
        await Sender.UntilAsync(() => budget.Used == 0);
    }

    [Fact]
    public async Task A_body_that_does_not_come_is_not_waited_for()
    {
        var clock = new TestClock(TimeProvider.System.GetUtcNow());
        await using var server = new FederatingServer { Clock = clock };
        await server.InitializeAsync();
        var budget = server.Services.GetRequiredService<RequestMemory>().ServerBodies;
        using var slow = new Sender(server.Url);
        await slow.BeginAsync(1000, 999);
        await Sender.UntilAsync(() => budget.Used > 0);
        clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(408, (await slow.AnswerAsync()).Status);
        await Sender.UntilAsync(() => budget.Used == 0);
    }

    [Fact]
    public async Task A_user_has_a_hundred_requests_under_way()
    {
        await using var server = await TestServer.StartAsync("RateLimits:Enabled=true");
        var user = await server.RegisterAsync("a");
        var other = await server.RegisterAsync("b");
        var since = (await server.GetAsync("/_matrix/client/v3/sync", user.Token)).Text("next_batch");
        var requests = server.App.Services.GetRequiredService<RequestMemory>().Requests;
        var polls = Enumerable.Range(0, 100).Select(_ => server.GetAsync($"/_matrix/client/v3/sync?timeout=30000&since={since}", user.Token)).ToList();
        await Sender.UntilAsync(() => requests.Used == 100);

        (await server.GetAsync("/_matrix/client/v3/account/whoami", user.Token)).AssertError(429, "M_LIMIT_EXCEEDED");
        Assert.Equal(200, (await server.GetAsync("/_matrix/client/v3/account/whoami", other.Token)).Status);
        var toDevice = $$$"""{"messages":{"{{{user.Id}}}":{"*":{} } } }""";
        Assert.Equal(200, (await server.PutAsync("/_matrix/client/v3/sendToDevice/t/1", toDevice, other.Token)).Status);
        Assert.All(await Task.WhenAll(polls), static poll => Assert.Equal(200, poll.Status));
        await Sender.UntilAsync(() => requests.Used == 0);
    }

    /// <summary>Sends parts of requests.</summary>
    private sealed class Sender(Uri server) : IDisposable
    {
        private readonly TcpClient _tcp = new();

        public async Task BeginAsync(int declared, int sent)
        {
            await _tcp.ConnectAsync(server.Host, server.Port);
            var stream = _tcp.GetStream();
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes($"PUT /_matrix/federation/v1/send/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {declared}\r\n\r\n"));
            await stream.WriteAsync(new byte[sent]);
        }

        public async Task<(int Status, JsonNode Body)> AnswerAsync()
        {
            using var reader = new StreamReader(_tcp.GetStream());
            var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
            return (int.Parse(answer.AsSpan(9, 3)), JsonNode.Parse(answer[answer.IndexOf('{')..(answer.LastIndexOf('}') + 1)])!);
        }

        /// <summary>Waits for what the server does beside the connection.</summary>
        public static async Task UntilAsync(Func<bool> isSo)
        {
            while (!isSo())
                await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        public void Dispose() => _tcp.Dispose();
    }
}
