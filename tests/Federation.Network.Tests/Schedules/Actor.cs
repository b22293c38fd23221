using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Federation.Network.Tests.Schedules;

/// <summary>The users of one server, who do things at random in a room. What the server refuses is no fault; what it acknowledges is noted.</summary>
internal sealed class Actor(ScheduleServers servers, int server, int seed, string room, ConcurrentBag<string> acknowledged)
{
    private readonly Random _random = new(seed);

    private TestClient Admin => servers.Users[server][0];

    private TestClient Anybody => servers.Users[server][_random.Next(servers.Users[server].Count)];

    /// <summary>Anybody of any server but the administrators.</summary>
    private string Target => servers.Users[_random.Next(servers.Users.Count)][_random.Next(1, 3)].UserId;

    public async Task RunAsync(int actions)
    {
        for (var i = 0; i < actions; i++)
            await ActAsync();
    }

    private Task ActAsync() => _random.Next(20) switch
    {
        < 8 => DoAsync(Anybody, $"send/m.room.message/{Next()}", new JsonObject { ["msgtype"] = "m.text", ["body"] = Next() }),
        < 10 => DoAsync(Anybody, "state/m.room.topic", new JsonObject { ["topic"] = Next() }),
        < 11 => DoAsync(Anybody, $"state/org.example.n/{_random.Next(3)}", new JsonObject { ["n"] = _random.Next() }),
        < 13 => ChangeLevelsAsync(),
        < 14 => DoAsync(Admin, "state/m.room.join_rules", new JsonObject { ["join_rule"] = _random.Next(2) == 0 ? "public" : "invite" }),
        < 16 => MemberAsync(Anybody, Target, "ban"),
        < 17 => MemberAsync(Anybody, Target, "leave"),
        < 18 => MemberAsync(Admin, servers.Users[server][_random.Next(1, 3)].UserId, "invite"),
        < 19 => JoinOrLeaveAsync(),
        _ => RedactAsync(),
    };

    private string Next() => _random.Next().ToString(CultureInfo.InvariantCulture);

    private Task MemberAsync(TestClient by, string target, string membership) =>
        DoAsync(by, $"state/m.room.member/{Uri.EscapeDataString(target)}", new JsonObject { ["membership"] = membership });

    private Task JoinOrLeaveAsync()
    {
        var user = servers.Users[server][_random.Next(1, 3)];
        return MemberAsync(user, user.UserId, _random.Next(3) == 0 ? "leave" : "join");
    }

    private async Task ChangeLevelsAsync()
    {
        // Where the levels of several servers meet, an administrator can come to be removed.
        if (await Admin.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.power_levels") is not { Status: 200, Json: var levels })
            return;
        if (_random.Next(3) == 0)
            levels["state_default"] = _random.Next(2) * 50;
        else
            levels["users"]!.AsObject()[Target] = _random.Next(4) * 25;
        await DoAsync(Admin, "state/m.room.power_levels", levels);
    }

    private Task RedactAsync() => acknowledged.IsEmpty
        ? Task.CompletedTask
        : DoAsync(_random.Next(2) == 0 ? Admin : Anybody, $"redact/{Uri.EscapeDataString(acknowledged.ElementAt(_random.Next(acknowledged.Count)))}/{Next()}",
        new JsonObject());

    private async Task DoAsync(TestClient user, string path, JsonNode content)
    {
        var answer = await user.PutAsync($"v3/rooms/{Uri.EscapeDataString(room)}/{path}", content.ToJsonString());
        if (answer.Status == 200)
            acknowledged.Add(answer.Ok("event_id"));
        else
            Assert.True(answer.Status == 403 || (answer.Status == 404 && path.StartsWith("redact", StringComparison.Ordinal)),
                $"{user.UserId} {path}: {answer.Status} {answer.Text}");
    }
}
