using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Gateway.Tests.Reads;

/// <summary>
/// How often storage is asked for an answer: on PostgreSQL each is a round trip. What is counted here does not grow with the number of rooms or users.
/// </summary>
[Collection(nameof(StatementCountTests))]
[CollectionDefinition(nameof(StatementCountTests), DisableParallelization = true)]
public sealed class StatementCountTests : IAsyncLifetime
{
    private const string Client = "/_matrix/client/v3/";
    private const int Rooms = 12;
    private const int Users = 25;

    private readonly List<TestUser> _users = [];
    private readonly List<string> _rooms = [];
    private TestServer _server = null!;

    private TestUser Alice => _users[0];

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        for (var i = 0; i < Users; i++)
            _users.Add(await _server.RegisterAsync("user" + i.ToString(CultureInfo.InvariantCulture)));
        for (var i = 0; i < Rooms; i++)
        {
            var room = Uri.EscapeDataString((await _server.PostAsync(Client + "createRoom", """{"preset":"public_chat"}""", Alice.Token)).Text("room_id"));
            _rooms.Add(room);
            foreach (var user in _users.Skip(1).Take(i == 0 ? Users : 2))
                Assert.Equal(200, (await _server.PostAsync($"{Client}join/{room}", "{}", user.Token)).Status);
            for (var k = 0; k < 3; k++)
                await SendAsync(_users[k], room, $"{k}");
        }

        foreach (var user in _users)
        {
            var keys = $$"""{"user_id":"{{user.Id}}","device_id":"{{user.DeviceId}}","algorithms":[],"keys":{"ed25519:{{user.DeviceId}}":"a"},"signatures":{} }""";
            Assert.Equal(200, (await _server.PostAsync(Client + "keys/upload", $$"""{"device_keys":{{keys}} }""", user.Token)).Status);
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_sync_that_has_nothing_to_tell_asks_nothing_and_one_that_has_a_message_little()
    {
        var since = await SinceAsync(await _server.GetAsync(Client + "sync?timeout=0", Alice.Token));
        Assert.Equal(0, await CountAsync(() => _server.GetAsync($"{Client}sync?timeout=0&since={since}", Alice.Token)));
        await SendAsync(_users[1], _rooms[3], "new");
        Assert.InRange(await CountAsync(() => _server.GetAsync($"{Client}sync?timeout=0&since={since}", Alice.Token)), 0, 2);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(Users)]
    public async Task The_keys_of_however_many_users_are_read_at_once(int users)
    {
        var asked = string.Join(',', _users.Take(users).Select(static user => $"\"{user.Id}\":[]"));
        var answer = await _server.PostAsync(Client + "keys/query", $$"""{"device_keys":{ {{asked}} } }""", Alice.Token);
        Assert.Equal(users, answer.Json.GetProperty("device_keys").EnumerateObject().Count(static user => user.Value.EnumerateObject().Count() == 1));
        Assert.InRange(
            await CountAsync(() => _server.PostAsync(Client + "keys/query", $$"""{"device_keys":{ {{asked}} } }""", Alice.Token)), 1, 5);
    }

    [Theory]
    [InlineData("rooms/{0}/members", 5)]
    [InlineData("rooms/{0}/joined_members", 5)]
    [InlineData("rooms/{0}/state", 5)]
    [InlineData("publicRooms", 5)]
    public async Task A_room_is_read_by_few_statements(string path, int most)
    {
        var target = Client + string.Format(CultureInfo.InvariantCulture, path, _rooms[0]);
        Assert.InRange(await CountAsync(() => _server.GetAsync(target, Alice.Token)), 1, most);
    }

    private async Task SendAsync(TestUser user, string room, string transaction) => Assert.Equal(
        200, (await _server.PutAsync($"{Client}rooms/{room}/send/m.room.message/{transaction}", """{"msgtype":"m.text","body":"hello"}""", user.Token)).Status);

    /// <summary>The token of a sync after which nothing comes any more, such as the presence of who has come online.</summary>
    private async Task<string> SinceAsync(HttpAnswer sync)
    {
        while (true)
        {
            var since = sync.Text("next_batch");
            sync = await _server.GetAsync($"{Client}sync?timeout=0&since={since}", Alice.Token);
            if (sync.Text("next_batch") == since)
                return since;
        }
    }

    /// <summary>The least of some tries: what a silo does beside a request is not counted.</summary>
    private static async Task<int> CountAsync(Func<Task<HttpAnswer>> ask)
    {
        var least = int.MaxValue;
        for (var tries = 0; tries < 5; tries++)
        {
            var statements = new ConcurrentQueue<string>();
            using var listener = new ActivityListener
            {
                ShouldListenTo = static source => source.Name == StorageTelemetry.Name,
                Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity => statements.Enqueue(activity.OperationName),
            };
            ActivitySource.AddActivityListener(listener);
            Assert.Equal(200, (await ask()).Status);
            least = Math.Min(least, statements.Count);
        }

        return least;
    }
}
