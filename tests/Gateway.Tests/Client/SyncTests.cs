using System.Text.Json;

namespace OrleansMatrix.Gateway.Tests.Client;

/// <summary>Sync, the reads of rooms and the user's own data over HTTP, with the grains behind it.</summary>
public sealed class SyncTests(OpenServer fixture) : IClassFixture<OpenServer>
{
    private const string Client = "/_matrix/client/v3";
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_long_poll_is_answered_by_the_message()
    {
        var (alice, bob, room) = await RoomOfTwoAsync("sync_poll");
        var since = (await SyncAsync(bob, "")).GetProperty("next_batch").GetString();
        var poll = SyncAsync(bob, $"?since={since}&timeout=30000&set_presence=offline&filter=%7B%22presence%22%3A%7B%22types%22%3A%5B%5D%7D%7D");
        var sent = (await _server.PutAsync($"{Client}/rooms/{room}/send/m.room.message/1", """{"msgtype":"m.text","body":"hi"}""", alice.Token))
            .Text("event_id");
        var timeline = (await poll).GetProperty("rooms").GetProperty("join").GetProperty(room).GetProperty("timeline");
        Assert.Equal(sent, timeline.GetProperty("events")[0].GetProperty("event_id").GetString());
        Assert.Equal(1, (await SyncAsync(bob, "")).GetProperty("rooms").GetProperty("join").GetProperty(room).GetProperty("unread_notifications")
            .GetProperty("notification_count").GetInt32());
        var notified = (await _server.GetAsync($"{Client}/notifications", bob.Token)).Json.GetProperty("notifications").EnumerateArray();
        var one = Assert.Single(notified, n => n.GetProperty("event").GetProperty("event_id").GetString() == sent);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, one.GetProperty("profile_tag").ValueKind);
        (await _server.PostAsync($"{Client}/rooms/{room}/receipt/m.read/{sent}", "{}", bob.Token)).AssertOk();
        Assert.Equal(0, (await SyncAsync(bob, "")).GetProperty("rooms").GetProperty("join").GetProperty(room).GetProperty("unread_notifications")
            .GetProperty("notification_count").GetInt32());
    }

    [Theory]
    [InlineData("?since=nonsense", 400, "M_INVALID_PARAM")]
    [InlineData("?filter=%7B", 400, "M_NOT_JSON")]
    [InlineData("?filter=%7B%22room%22%3A1%7D", 400, "M_BAD_JSON")]
    [InlineData("?filter=nosuch", 400, "M_INVALID_PARAM")]
    [InlineData("?set_presence=away", 400, "M_INVALID_PARAM")]
    [InlineData("?timeout=x", 400, "M_INVALID_PARAM")]
    public async Task Wrong_parameters_are_refused(string query, int status, string errCode)
    {
        var user = await _server.RegisterAsync("sync_wrong_" + Guid.NewGuid().ToString("N"));
        (await _server.GetAsync($"{Client}/sync{query}", user.Token)).AssertError(status, errCode);
    }

    [Fact]
    public async Task Rooms_are_read_by_their_members_and_by_nobody_else()
    {
        var (alice, bob, room) = await RoomOfTwoAsync("sync_reads");
        var carol = await _server.RegisterAsync("sync_reads_c");
        var sent = (await _server.PutAsync($"{Client}/rooms/{room}/send/m.room.message/1", """{"msgtype":"m.text","body":"hi"}""", alice.Token))
            .Text("event_id");
        string[] paths = [$"event/{sent}", "messages?dir=b", $"context/{sent}", "state", "state/m.room.create", "members", "joined_members", "initialSync"];
        foreach (var path in paths)
        {
            (await _server.GetAsync($"{Client}/rooms/{room}/{path}", bob.Token)).AssertOk();
            var refused = await _server.GetAsync($"{Client}/rooms/{room}/{path}", carol.Token);
            Assert.Equal(path.StartsWith("event", StringComparison.Ordinal) ? (404, "M_NOT_FOUND") : (403, "M_FORBIDDEN"), (refused.Status, refused.ErrCode));
        }

        (await _server.GetAsync($"{Client}/rooms/{room}/state/m.room.topic", bob.Token)).AssertError(404, "M_NOT_FOUND");
        (await _server.GetAsync($"{Client}/rooms/{room}/messages", bob.Token)).AssertError(400, "M_MISSING_PARAM");
        Assert.Equal("m.room.create", (await _server.GetAsync($"{Client}/rooms/{room}/state/m.room.create/?format=event", bob.Token)).Text("type"));
        Assert.Equal(2, (await _server.GetAsync($"{Client}/rooms/{room}/joined_members", bob.Token)).Json.GetProperty("joined").EnumerateObject().Count());
        (await _server.GetAsync($"/_matrix/client/v1/rooms/{room}/threads", bob.Token)).AssertOk();
        (await _server.GetAsync($"/_matrix/client/v1/rooms/{room}/relations/{sent}", bob.Token)).AssertOk();
        (await _server.GetAsync($"/_matrix/client/v1/rooms/{room}/timestamp_to_event?dir=f&ts=0", bob.Token)).AssertOk();
        Assert.Equal(room, (await _server.GetAsync($"/_matrix/client/v1/mutual_rooms?user_id={bob.Id}", alice.Token)).Json.GetProperty(
            "joined")[0].GetString());
        Assert.Equal(room, (await _server.GetAsync($"{Client}/joined_rooms", alice.Token)).Json.GetProperty("joined_rooms")[0].GetString());
    }

    [Fact]
    public async Task Account_data_tags_and_filters_are_kept()
    {
        var user = await _server.RegisterAsync("sync_data");
        var own = $"{Client}/user/{user.Id}";
        (await _server.GetAsync($"{own}/account_data/my.type", user.Token)).AssertError(404, "M_NOT_FOUND");
        (await _server.PutAsync($"{own}/account_data/my.type", """{"a":1}""", user.Token)).AssertOk();
        Assert.Equal(1, (await _server.GetAsync($"{own}/account_data/my.type", user.Token)).Json.GetProperty("a").GetInt32());
        (await _server.PutAsync($"{own}/account_data/m.fully_read", "{}", user.Token)).AssertError(405, "M_BAD_JSON");
        (await _server.PutAsync($"{own}/account_data/m.push_rules", "{}", user.Token)).AssertError(405, "M_BAD_JSON");
        (await _server.PutAsync($"{Client}/user/@other:localhost/account_data/my.type", "{}", user.Token)).AssertError(403, "M_FORBIDDEN");
        (await _server.PutAsync($"{own}/rooms/!r:x/tags/u.work", """{"order":0.5}""", user.Token)).AssertOk();
        Assert.Equal(0.5, (await _server.GetAsync($"{own}/rooms/!r:x/tags", user.Token)).Json.GetProperty("tags").GetProperty("u.work").GetProperty("order")
            .GetDouble());
        (await _server.PutAsync($"{own}/rooms/!r:x/tags/u.work", """{"order":"0.5"}""", user.Token)).AssertError(400, "M_BAD_JSON");
        (await _server.DeleteAsync($"{own}/rooms/!r:x/tags/u.work", null, user.Token)).AssertOk();
        Assert.Empty((await _server.GetAsync($"{own}/rooms/!r:x/tags", user.Token)).Json.GetProperty("tags").EnumerateObject());
        var id = (await _server.PostAsync($"{own}/filter", """{"room":{"timeline":{"limit":1}}}""", user.Token)).Text("filter_id");
        Assert.Equal(1, (await _server.GetAsync($"{own}/filter/{id}", user.Token)).Json.GetProperty("room").GetProperty("timeline").GetProperty("limit")
            .GetInt32());
        (await _server.GetAsync($"{own}/filter/none", user.Token)).AssertError(404, "M_NOT_FOUND");
        (await _server.PostAsync($"{own}/filter", """{"room":{"state":{"lazy_load_members":1}}}""", user.Token)).AssertError(400, "M_BAD_JSON");
    }

    [Fact]
    public async Task A_filter_keeps_only_the_wanted_fields_of_events()
    {
        var user = await _server.RegisterAsync("sync_fields");
        var room = (await _server.PostAsync($"{Client}/createRoom", "{}", user.Token)).Text("room_id");
        (await _server.PutAsync($"{Client}/rooms/{room}/send/a.b/1", """{"body":"hello","other":1,"x.y":{"z":1}}""", user.Token)).AssertOk();
        var filter = Uri.EscapeDataString("""
            {"event_fields":["type","content.body","content.x\\.y.z","unsigned.nothing","content.other.deep"],"room":{"timeline":{"limit":1}}}
            """);
        var json = (await _server.GetAsync($"{Client}/sync?filter={filter}", user.Token)).Json;
        var sent = json.GetProperty("rooms").GetProperty("join").GetProperty(room).GetProperty("timeline").GetProperty("events")[0];
        Assert.Equal("""{"content":{"body":"hello","x.y":{"z":1}},"type":"a.b"}""",
            JsonSerializer.Serialize(new SortedDictionary<string, JsonElement>(sent.Deserialize<Dictionary<string, JsonElement>>()!, StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Push_rules_are_changed_and_told_by_sync()
    {
        var user = await _server.RegisterAsync("sync_rules");
        var since = (await SyncAsync(user, "")).GetProperty("next_batch").GetString();
        (await _server.PutAsync($"{Client}/pushrules/global/room/!r:x", """{"actions":["notify"]}""", user.Token)).AssertOk();
        (await _server.PutAsync($"{Client}/pushrules/global/room/!r:x/enabled", """{"enabled":false}""", user.Token)).AssertOk();
        Assert.False((await _server.GetAsync($"{Client}/pushrules/global/room/!r:x/enabled", user.Token)).Json.GetProperty("enabled").GetBoolean());
        (await _server.GetAsync($"{Client}/pushrules/global/room/!none:x", user.Token)).AssertError(404, "M_NOT_FOUND");
        foreach (var wrong in new[]
        {
            """{"actions":[{"set_tweak":"sound","value":1}]}""", """{"actions":[{"set_tweak":"highlight","value":"yes"}]}""",
            """{"actions":[],"conditions":[{"kind":"event_match","key":1,"pattern":"x"}]}""",
            """{"actions":[],"conditions":[{"kind":"room_member_count","is":2}]}""",
        })
            (await _server.PutAsync($"{Client}/pushrules/global/override/wrong", wrong, user.Token)).AssertError(400, "M_INVALID_PARAM");
        (await _server.PutAsync($"{Client}/pushrules/elsewhere/room/!r:x", """{"actions":[]}""", user.Token)).AssertError(400, "M_INVALID_PARAM");
        var told = (await SyncAsync(user, $"?since={since}")).GetProperty("account_data").GetProperty("events")[0];
        Assert.Equal("m.push_rules", told.GetProperty("type").GetString());
        (await _server.DeleteAsync($"{Client}/pushrules/global/room/!r:x", null, user.Token)).AssertOk();
        (await _server.GetAsync($"{Client}/pushrules/global/room/!r:x", user.Token)).AssertError(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task Waiting_to_device_messages_are_told_until_the_device_has_them()
    {
        var alice = await _server.RegisterAsync("sync_dev_a");
        var bob = await _server.RegisterAsync("sync_dev_b");
        var since = (await SyncAsync(bob, "")).GetProperty("next_batch").GetString();
        for (var i = 0; i < 120; i++)
            (await _server.PutAsync(
                $"{Client}/sendToDevice/my.type/{i}", $$$"""{"messages":{"{{{bob.Id}}}":{"{{{bob.DeviceId}}}":{"n":{{{i}}} } } } }""", alice.Token)).AssertOk();
        var first = await SyncAsync(bob, $"?since={since}");
        Assert.Equal(Enumerable.Range(0, 100), Numbers(first));
        Assert.Equal(Enumerable.Range(0, 100), Numbers(await SyncAsync(bob, $"?since={since}")));
        var second = await SyncAsync(bob, $"?since={first.GetProperty("next_batch").GetString()}&timeout=10000");
        Assert.Equal(Enumerable.Range(100, 20), Numbers(second));
        Assert.False((await SyncAsync(bob, $"?since={second.GetProperty("next_batch").GetString()}")).TryGetProperty("to_device", out _));

        static IEnumerable<int> Numbers(JsonElement sync) =>
            sync.GetProperty("to_device").GetProperty("events").EnumerateArray().Select(e => e.GetProperty("content").GetProperty("n").GetInt32());
    }

    private async Task<JsonElement> SyncAsync(TestUser user, string query)
    {
        var answer = await _server.GetAsync($"{Client}/sync{query}", user.Token);
        answer.AssertOk();
        return answer.Json;
    }

    private async Task<(TestUser Alice, TestUser Bob, string RoomId)> RoomOfTwoAsync(string name)
    {
        var alice = await _server.RegisterAsync(name + "_a");
        var bob = await _server.RegisterAsync(name + "_b");
        var room = (await _server.PostAsync($"{Client}/createRoom", """{"preset":"public_chat"}""", alice.Token)).Text("room_id");
        (await _server.PostAsync($"{Client}/rooms/{room}/join", "{}", bob.Token)).AssertOk();
        return (alice, bob, room);
    }
}
