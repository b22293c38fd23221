using System.Text.Json;

namespace OrleansMatrix.Gateway.Tests.Client;

/// <summary>Presence over HTTP, with two devices of one user.</summary>
public sealed class PresenceTests(OpenServer fixture) : IClassFixture<OpenServer>
{
    private const string Client = "/_matrix/client/v3";
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Two_devices_that_sync_with_different_presence_wake_neither_each_other_nor_their_neighbours()
    {
        var laptop = await _server.RegisterAsync("presence_a");
        var phone = await _server.LogInAsync("presence_a");
        var bob = await _server.RegisterAsync("presence_b");
        var room = (await _server.PostAsync($"{Client}/createRoom", """{"preset":"public_chat"}""", laptop.Token)).Text("room_id");
        (await _server.PostAsync($"{Client}/rooms/{room}/join", "{}", bob.Token)).AssertOk();
        var onLaptop = Token(await SyncAsync(laptop, "?set_presence=online"));
        var onPhone = Token(await SyncAsync(phone, "?set_presence=unavailable"));

        var seen = await SyncAsync(bob, "?set_presence=offline");
        var shown = seen.GetProperty("presence").GetProperty("events").EnumerateArray().Single(e => e.GetProperty("sender").GetString() == laptop.Id);
        Assert.Equal("online", shown.GetProperty("content").GetProperty("presence").GetString());
        var polls = new List<Task<JsonElement>> { SyncAsync(bob, $"?set_presence=offline&timeout=30000&since={Token(seen)}") };
        for (var i = 0; i < 20; i++)
        {
            var (first, second) =
                (await SyncAsync(laptop, $"?set_presence=online&since={onLaptop}"), await SyncAsync(phone, $"?set_presence=unavailable&since={onPhone}"));
            Assert.False(first.TryGetProperty("presence", out _));
            Assert.False(second.TryGetProperty("presence", out _));
            (onLaptop, onPhone) = (Token(first), Token(second));
        }

        polls.Add(SyncAsync(laptop, $"?set_presence=online&timeout=30000&since={onLaptop}"));
        polls.Add(SyncAsync(phone, $"?set_presence=unavailable&timeout=30000&since={onPhone}"));

        // What ends the waits is the message, and nothing before it.
        var sent = (await _server.PutAsync($"{Client}/rooms/{room}/send/m.room.message/1", """{"msgtype":"m.text","body":"hi"}""", bob.Token)).Text("event_id");
        foreach (var answer in await Task.WhenAll(polls))
        {
            var events = answer.GetProperty("rooms").GetProperty("join").GetProperty(room).GetProperty("timeline").GetProperty("events");
            Assert.Equal(sent, Assert.Single(events.EnumerateArray()).GetProperty("event_id").GetString());
            Assert.False(answer.TryGetProperty("presence", out _));
        }
    }

    [Fact]
    public async Task A_device_that_is_put_unavailable_leaves_the_user_as_the_other_is()
    {
        var laptop = await _server.RegisterAsync("presence_c");
        var phone = await _server.LogInAsync("presence_c");
        await SyncAsync(laptop, "");
        await SyncAsync(phone, "");
        var path = $"{Client}/presence/{laptop.Id}/status";
        (await _server.PutAsync(path, """{"presence":"unavailable","status_msg":"on the train"}""", phone.Token)).AssertOk();
        var shown = (await _server.GetAsync(path, laptop.Token)).Json;
        Assert.Equal(("online", "on the train"), (shown.GetProperty("presence").GetString(), shown.GetProperty("status_msg").GetString()));
        (await _server.PutAsync(path, """{"presence":"offline","status_msg":"on the train"}""", laptop.Token)).AssertOk();
        Assert.Equal("unavailable", (await _server.GetAsync(path, laptop.Token)).Text("presence"));
    }

    [Fact]
    public async Task Sending_a_message_makes_an_idle_user_online()
    {
        var user = await _server.RegisterAsync("presence_d");
        var room = (await _server.PostAsync($"{Client}/createRoom", "{}", user.Token)).Text("room_id");
        var since = Token(await SyncAsync(user, "?set_presence=unavailable"));
        (await _server.PutAsync($"{Client}/rooms/{room}/send/m.room.message/1", """{"msgtype":"m.text","body":"hi"}""", user.Token)).AssertOk();
        JsonElement answer;
        do
        {
            answer = await SyncAsync(user, $"?set_presence=unavailable&timeout=30000&since={since}");
            since = Token(answer);
        }
        while (!answer.TryGetProperty("presence", out _));
        Assert.Equal("online", answer.GetProperty("presence").GetProperty("events")[0].GetProperty("content").GetProperty("presence").GetString());
    }

    private static string? Token(JsonElement sync) => sync.GetProperty("next_batch").GetString();

    private async Task<JsonElement> SyncAsync(TestUser user, string query)
    {
        var answer = await _server.GetAsync($"{Client}/sync{query}", user.Token);
        answer.AssertOk();
        return answer.Json;
    }
}
