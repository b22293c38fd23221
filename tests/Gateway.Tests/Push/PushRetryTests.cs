using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Push;

/// <summary>
/// A push gateway that fails, rejects or stands still, and a server that ends in the midst of it: nothing is lost, nothing overtakes, nothing else waits.
/// </summary>
public sealed class PushRetryTests : IAsyncLifetime
{
    private readonly TestClock _clock = new(TimeProvider.System.GetUtcNow());
    private FederatingServer _server = null!;
    private PushGateway _gateway = null!;
    private TestClient _alice = null!;
    private TestClient _bob = null!;
    private string _room = "";

    private IStorage Storage => _server.Services.GetRequiredService<IStorage>();

    public async ValueTask InitializeAsync()
    {
        _server = new FederatingServer { Clock = _clock };
        await _server.InitializeAsync();
        _gateway = await PushGateway.StartAsync();
        _alice = await _server.RegisterAsync("alice");
        _bob = await _server.RegisterAsync("bob");
        _room = await _bob.CreateRoomAsync("""{"preset":"public_chat"}""");
        await _alice.JoinAsync(_room);
        await SetAsync(_alice, _gateway.Pusher());
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _gateway.DisposeAsync();
    }

    [Theory]
    [InlineData(500, "{}")]
    [InlineData(404, "{}")]
    [InlineData(429, "{}")]
    [InlineData(302, "{}")]
    [InlineData(200, "no JSON")]
    public async Task What_fails_is_told_again_and_nothing_overtakes_it(int status, string text)
    {
        var fails = true;
        _gateway.Answering = _ => Task.FromResult(fails ? new Answer(status, text) : null);
        var first = await _bob.SendTextAsync(_room, "first");
        Assert.Equal(first, await NextIdAsync());
        var read = await _bob.SendTextAsync(_room, "read meanwhile");
        var second = await _bob.SendTextAsync(_room, "second");
        (await _bob.PutAsync($"v3/rooms/{Uri.EscapeDataString(_room)}/redact/{Uri.EscapeDataString(read)}/1")).Ok();
        for (var tries = 0; tries < 3; tries++)
            Assert.Equal(first, await NextIdLaterAsync());
        fails = false;
        Assert.Equal(first, await NextIdLaterAsync());
        Assert.Equal(second, await NextIdAsync());
    }

    [Fact]
    public async Task What_has_waited_is_told_in_order_but_for_what_was_read_or_redacted()
    {
        _gateway.Answering = static _ => Task.FromResult<Answer?>(new Answer(500, "{}"));
        var other = await _bob.CreateRoomAsync("""{"preset":"public_chat"}""");
        await _alice.JoinAsync(other);
        var sent = new List<string> { await _bob.SendTextAsync(_room, "first") };
        Assert.Equal(sent[0], await NextIdAsync());
        var read = await _bob.SendTextAsync(other, "read");
        for (var i = 0; i < 30; i++)
            sent.Add(await _bob.SendTextAsync(_room, $"{i}"));
        Assert.Equal(sent[0], await NextIdLaterAsync());

        // By now they are counted as unread.
        (await _bob.PutAsync($"v3/rooms/{Uri.EscapeDataString(_room)}/redact/{Uri.EscapeDataString(sent[7])}/1")).Ok();
        (await _alice.PostAsync($"v3/rooms/{Uri.EscapeDataString(other)}/receipt/m.read/{Uri.EscapeDataString(read)}")).Ok();
        sent.RemoveAt(7);
        _gateway.Answering = static _ => Task.FromResult<Answer?>(null);
        Assert.Equal(sent[0], await NextIdLaterAsync());
        foreach (var eventId in sent.Skip(1))
            Assert.Equal(eventId, await NextIdAsync());
    }

    [Fact]
    public async Task Nothing_is_lost_with_a_server_that_ends()
    {
        _gateway.Answering = static _ => Task.FromResult<Answer?>(new Answer(500, "{}"));
        string[] sent = [await _bob.SendTextAsync(_room, "first"), await _bob.SendTextAsync(_room, "second")];
        Assert.Equal(sent[0], await NextIdAsync());
        _gateway.Answering = static _ => Task.FromResult<Answer?>(null);
        await _server.CrashAsync();
        foreach (var eventId in sent)
            Assert.Equal(eventId, await NextIdAsync());

        // What it was told before it ends is not told again.
        await WaitForPlaceAsync(sent[1]);
        await _server.CrashAsync();
        var last = await _bob.SendTextAsync(_room, "last");
        Assert.Equal(last, await NextIdAsync());
    }

    [Fact]
    public async Task A_rejected_key_is_dropped_and_another_is_not()
    {
        _gateway.Answering = static _ => Task.FromResult<Answer?>(new Answer(200, """{"rejected":["other"]}"""));
        await _bob.SendTextAsync(_room, "first");
        await NextIdAsync();
        _gateway.Answering = static _ => Task.FromResult<Answer?>(new Answer(200, """{"rejected":["key1"]}"""));
        await _bob.SendTextAsync(_room, "second");
        await NextIdAsync();
        while ((await _alice.GetAsync("v3/pushers")).Ok()["pushers"]!.AsArray().Count > 0)
            await Task.Yield();
    }

    [Fact]
    public async Task A_gateway_that_stands_still_holds_up_no_other()
    {
        await using var other = await PushGateway.StartAsync();
        await SetAsync(_alice, other.Pusher("key2"));
        var still = new TaskCompletionSource<Answer?>();
        _gateway.Answering = _ => still.Task;
        for (var i = 0; i < 3; i++)
        {
            var sent = await _bob.SendTextAsync(_room, $"{i}");
            Assert.Equal(sent, (string?)(await other.NextAsync())["event_id"]);
        }

        still.SetResult(null);
    }

    [Fact]
    public async Task A_key_that_another_user_takes_is_hers_no_more()
    {
        await _bob.SendTextAsync(_room, "first");
        await NextIdAsync();
        await SetAsync(_bob, _gateway.Pusher());
        var sent = await _alice.SendTextAsync(_room, "for Bob");
        Assert.Equal(sent, await NextIdAsync());
        await _bob.SendTextAsync(_room, "for Alice, who has none");
        sent = await _alice.SendTextAsync(_room, "for Bob again");
        Assert.Equal(sent, await NextIdAsync());
    }

    [Fact]
    public async Task Without_the_setting_no_private_address_is_told()
    {
        await using var closed = new MatrixTestServer();
        await closed.InitializeAsync();
        var client = closed.Services.GetRequiredService<PushGatewayClient>();
        var answer = await client.NotifyAsync(new Uri(_gateway.Url), "{}"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Contains("private", answer.Failure, StringComparison.Ordinal);
        Assert.False(_gateway.HasMore);
    }

    private static async Task SetAsync(TestClient user, string pusher) => (await user.PostAsync("v3/pushers/set", pusher)).Ok();

    private async Task<string> NextIdAsync() => (string?)(await _gateway.NextAsync())["event_id"] ?? "";

    private async Task<string> NextIdLaterAsync()
    {
        await PeerInbox.AdvanceUntilAsync(_server, TimeSpan.FromSeconds(1), () => _gateway.HasMore);
        return await NextIdAsync();
    }

    private async Task WaitForPlaceAsync(string eventId)
    {
        var position = (await Storage.Events.GetAsync(eventId))!.Position;
        while ((await Storage.Pushers.OfUserAsync(_alice.UserId))[0].PushedTo < position)
            await Task.Yield();
    }
}
