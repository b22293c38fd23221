using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Gateway.Tests.Push;

/// <summary>
/// A push gateway that fails, rejects or stands still, and a server that ends in the midst of it: nothing is lost, nothing overtakes, nothing else waits.
/// </summary>
public sealed class PushRetryTests : PushScene
{
    private string _room = "";

    private IStorage Storage => Server.Services.GetRequiredService<IStorage>();

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _room = await Bob.CreateRoomAsync("""{"preset":"public_chat"}""");
        await Alice.JoinAsync(_room);
        await SetAsync(Alice, Gateway.Pusher());
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
        Gateway.Answering = _ => Task.FromResult(fails ? new Answer(status, text) : null);
        var first = await Bob.SendTextAsync(_room, "first");
        Assert.Equal(first, await NextIdAsync());
        var read = await Bob.SendTextAsync(_room, "read meanwhile");
        var second = await Bob.SendTextAsync(_room, "second");
        (await Bob.PutAsync($"v3/rooms/{Uri.EscapeDataString(_room)}/redact/{Uri.EscapeDataString(read)}/1")).Ok();
        for (var tries = 0; tries < 3; tries++)
            Assert.Equal(first, await NextIdLaterAsync());
        fails = false;
        Assert.Equal(first, await NextIdLaterAsync());
        Assert.Equal(second, await NextIdAsync());
    }

    [Fact]
    public async Task What_has_waited_is_told_in_order_but_for_what_was_read_or_redacted()
    {
        Gateway.Answering = static _ => Task.FromResult<Answer?>(new Answer(500, "{}"));
        var other = await Bob.CreateRoomAsync("""{"preset":"public_chat"}""");
        await Alice.JoinAsync(other);
        var sent = new List<string> { await Bob.SendTextAsync(_room, "first") };
        Assert.Equal(sent[0], await NextIdAsync());
        var read = await Bob.SendTextAsync(other, "read");
        for (var i = 0; i < 30; i++)
            sent.Add(await Bob.SendTextAsync(_room, $"{i}"));
        Assert.Equal(sent[0], await NextIdLaterAsync());

        // By now they are counted as unread.
        (await Bob.PutAsync($"v3/rooms/{Uri.EscapeDataString(_room)}/redact/{Uri.EscapeDataString(sent[7])}/1")).Ok();
        (await Alice.PostAsync($"v3/rooms/{Uri.EscapeDataString(other)}/receipt/m.read/{Uri.EscapeDataString(read)}")).Ok();
        sent.RemoveAt(7);
        Gateway.Answering = static _ => Task.FromResult<Answer?>(null);
        Assert.Equal(sent[0], await NextIdLaterAsync());
        foreach (var eventId in sent.Skip(1))
            Assert.Equal(eventId, await NextIdAsync());
    }

    [Fact]
    public async Task Nothing_is_lost_with_a_server_that_ends()
    {
        Gateway.Answering = static _ => Task.FromResult<Answer?>(new Answer(500, "{}"));
        string[] sent = [await Bob.SendTextAsync(_room, "first"), await Bob.SendTextAsync(_room, "second")];
        Assert.Equal(sent[0], await NextIdAsync());
        Gateway.Answering = static _ => Task.FromResult<Answer?>(null);
        await Server.CrashAsync();
        foreach (var eventId in sent)
            Assert.Equal(eventId, await NextIdAsync());

        // What it was told before it ends is not told again.
        await WaitForPlaceAsync(sent[1]);
        await Server.CrashAsync();
        var last = await Bob.SendTextAsync(_room, "last");
        Assert.Equal(last, await NextIdAsync());
    }

    [Fact]
    public async Task A_rejected_key_is_dropped_and_another_is_not()
    {
        Gateway.Answering = static _ => Task.FromResult<Answer?>(new Answer(200, """{"rejected":["other"]}"""));
        await Bob.SendTextAsync(_room, "first");
        await NextIdAsync();
        Gateway.Answering = static _ => Task.FromResult<Answer?>(new Answer(200, """{"rejected":["key1"]}"""));
        await Bob.SendTextAsync(_room, "second");
        await NextIdAsync();
        while ((await Alice.GetAsync("v3/pushers")).Ok()["pushers"]!.AsArray().Count > 0)
            await Task.Yield();
    }

    [Fact]
    public async Task A_gateway_that_stands_still_holds_up_no_other()
    {
        await using var other = await PushGateway.StartAsync();
        await SetAsync(Alice, other.Pusher("key2"));
        var still = new TaskCompletionSource<Answer?>();
        Gateway.Answering = _ => still.Task;
        for (var i = 0; i < 3; i++)
        {
            var sent = await Bob.SendTextAsync(_room, $"{i}");
            Assert.Equal(sent, (string?)(await other.NextAsync())["event_id"]);
        }

        still.SetResult(null);
    }

    [Fact]
    public async Task Another_gateway_need_not_wait_for_what_failed_at_the_one_before()
    {
        await using var other = await PushGateway.StartAsync();
        Gateway.Answering = static _ => Task.FromResult<Answer?>(new Answer(500, "{}"));
        var sent = await Bob.SendTextAsync(_room, "first");
        for (var tries = 0; tries < 4; tries++)
            Assert.Equal(sent, await NextIdLaterAsync());
        await SetAsync(Alice, other.Pusher());
        Assert.Equal(sent, (string?)(await other.NextAsync())["event_id"]);
    }

    [Fact]
    public async Task A_key_that_another_user_takes_is_hers_no_more()
    {
        await Bob.SendTextAsync(_room, "first");
        await NextIdAsync();
        await SetAsync(Bob, Gateway.Pusher());
        var sent = await Alice.SendTextAsync(_room, "for Bob");
        Assert.Equal(sent, await NextIdAsync());
        await Bob.SendTextAsync(_room, "for Alice, who has none");
        sent = await Alice.SendTextAsync(_room, "for Bob again");
        Assert.Equal(sent, await NextIdAsync());
    }

    [Fact]
    public async Task Without_the_setting_no_private_address_is_told()
    {
        await using var closed = new MatrixTestServer();
        await closed.InitializeAsync();
        var client = closed.Services.GetRequiredService<PushGatewayClient>();
        var answer = await client.NotifyAsync(new Uri(Gateway.Url), "{}"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Contains("private", answer.Failure, StringComparison.Ordinal);
        Assert.False(Gateway.HasMore);
    }

    private async Task<string> NextIdAsync() => (string?)(await Gateway.NextAsync())["event_id"] ?? "";

    private async Task<string> NextIdLaterAsync()
    {
        await PeerInbox.AdvanceUntilAsync(Server, TimeSpan.FromSeconds(1), () => Gateway.HasMore);
        return await NextIdAsync();
    }

    private async Task WaitForPlaceAsync(string eventId)
    {
        var position = (await Storage.Events.GetAsync(eventId))!.Position;
        while ((await Storage.Pushers.OfUserAsync(Alice.UserId))[0].PushedTo < position)
            await Task.Yield();
    }
}
