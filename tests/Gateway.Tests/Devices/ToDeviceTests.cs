using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Devices;

public sealed class ToDeviceTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Fact]
    public async Task A_message_reaches_the_device_once_and_again_until_it_is_acknowledged()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        (await SendAsync(alice, "t1", bob.UserId, bob.DeviceId, """{"n":1}""")).Ok();

        var first = await SyncAsync(bob, null);
        var again = await SyncAsync(bob, null);
        var after = await SyncAsync(bob, again.Next);

        var message = Assert.Single(first.Messages);
        Assert.Equal("my.type", (string?)message["type"]);
        Assert.Equal(alice.UserId, (string?)message["sender"]);
        Assert.Equal(1, (int)message["content"]!["n"]!);
        Assert.Single(again.Messages);
        Assert.Empty(after.Messages);
    }

    [Fact]
    public async Task A_repeated_transaction_delivers_nothing_again_but_another_devices_of_the_same_id_does()
    {
        var alice = await server.RegisterAsync("alice");
        var second = await server.LogInAsync(alice);
        var bob = await server.RegisterAsync("bob");

        await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ => (await SendAsync(alice, "same", bob.UserId, bob.DeviceId, "{}")).Ok()));
        (await SendAsync(second, "same", bob.UserId, bob.DeviceId, "{}")).Ok();

        Assert.Equal(2, (await SyncAsync(bob, null)).Messages.Count);
    }

    [Fact]
    public async Task A_star_means_all_devices_and_unknown_recipients_are_passed_over()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var second = await server.LogInAsync(bob);
        (await SendAsync(alice, "t1", bob.UserId, "*", "{}")).Ok();
        (await SendAsync(alice, "t2", bob.UserId, "NODEVICE", "{}")).Ok();
        (await SendAsync(alice, "t3", "@nobody:one.test", "*", "{}")).Ok();
        (await SendAsync(alice, "t4", "@remote:two.test", "*", "{}")).Ok();

        Assert.Single((await SyncAsync(bob, null)).Messages);
        Assert.Single((await SyncAsync(second, null)).Messages);
    }

    [Fact]
    public async Task Messages_of_one_sender_arrive_in_order_and_wake_a_waiting_sync()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var since = (await SyncAsync(bob, null)).Next;
        var waiting = SyncAsync(bob, since, timeout: 20_000);
        for (var i = 0; i < 20; i++)
            (await SendAsync(alice, $"t{i}", bob.UserId, bob.DeviceId, $$"""{"n":{{i}}}""")).Ok();

        var messages = new List<JsonNode>();
        var batch = await waiting;
        while (true)
        {
            messages.AddRange(batch.Messages);
            if (messages.Count >= 20)
                break;
            batch = await SyncAsync(bob, batch.Next, timeout: 20_000);
        }

        Assert.Equal(Enumerable.Range(0, 20), messages.Select(m => (int)m["content"]!["n"]!));
    }

    [Fact]
    public async Task Waiting_messages_survive_a_restart()
    {
        await using var own = new MatrixTestServer();
        await own.InitializeAsync();
        var alice = await own.RegisterAsync("alice");
        (await SendAsync(alice, "t", alice.UserId, alice.DeviceId, "{}")).Ok();

        await own.RestartAsync();

        (await SendAsync(alice, "t", alice.UserId, alice.DeviceId, "{}")).Ok();
        Assert.Single((await SyncAsync(alice, null)).Messages);
    }

    [Theory]
    [InlineData("{}", 400, "M_BAD_JSON")]
    [InlineData("""{"messages":[]}""", 400, "M_BAD_JSON")]
    [InlineData("""{"messages":{"nouser":{}}}""", 400, "M_INVALID_PARAM")]
    [InlineData("""{"messages":{"@a:one.test":[]}}""", 400, "M_BAD_JSON")]
    [InlineData("""{"messages":{"@a:one.test":{"D":1}}}""", 400, "M_BAD_JSON")]
    [InlineData("not json", 400, "M_NOT_JSON")]
    public async Task Wrong_bodies_are_refused(string body, int status, string errCode)
    {
        var alice = await server.RegisterAsync("alice");

        (await alice.PutAsync("v3/sendToDevice/my.type/t", body)).Fails(status, errCode);
    }

    private static Task<Answer> SendAsync(TestClient who, string transactionId, string userId, string deviceId, string content) =>
        who.PutAsync($"v3/sendToDevice/my.type/{transactionId}", $$$$"""{"messages":{"{{{{userId}}}}":{"{{{{deviceId}}}}":{{{{content}}}}}}}""");

    private static async Task<(string Next, IReadOnlyList<JsonNode> Messages)> SyncAsync(TestClient who, string? since, int timeout = 0)
    {
        var answer = (await who.GetAsync($"v3/sync?timeout={timeout}" + (since is null ? "" : $"&since={since}"))).Ok();
        return ((string)answer["next_batch"]!, [.. answer["to_device"]?["events"]?.AsArray().Select(m => m!) ?? []]);
    }
}
