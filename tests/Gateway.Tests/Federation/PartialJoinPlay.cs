using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>
/// A user joins a room of another server that leaves out its members (S-S API, send_join, omit_members); until they may come, and while they do, users of both
/// servers do what the seed says. Then both servers must hold the same for the room.
/// </summary>
internal sealed class PartialJoinPlay(TwoServers servers, int seed)
{
    private static readonly string[] s_versions = ["6", "10", "11", "12"];
    private readonly Random _random = new(seed);
    private readonly TaskCompletionSource _membersMayCome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(string What, int Crashes, Task<Answer?> Answer)> _waiting = [];
    private readonly List<string> _events = [];
    private string _room = "";
    private SyncedRoom _view = null!;
    private JsonObject _levels = null!;
    private string? _joinId;
    private string? _page;
    private int _crashes;
    private TestClient _anna = null!;
    private TestClient _carol = null!;
    private TestClient _bert = null!;
    private TestClient _berta = null!;

    /// <summary>What was done, for messages of failed tests.</summary>
    public List<string> Steps { get; } = [];

    private string Rooms => $"v3/rooms/{Escape(_room)}";

    private string Join => $"v3/join/{Escape(_room)}?via={servers.One.FederationName}";

    public async Task RunAsync()
    {
        await FoundAsync();
        servers.Two.BeforeAsking = HoldAsync;
        (await _bert.PostAsync(Join)).Ok();
        Assert.NotNull(_joinId);
        var steps = _random.Next(8, 20);
        var open = _random.Next(steps / 2, steps);
        for (var step = 0; step < steps; step++)
        {
            if (step == open)
                _membersMayCome.SetResult();
            await StepAsync();
        }

        // What was asked of a server that ended meanwhile got no answer of its own.
        foreach (var (what, crashes, answer) in _waiting)
            Assert.True(await answer is { Status: < 500 } || crashes < _crashes, $"{what}: {(await answer)?.Text}");
        servers.Two.BeforeAsking = null;
        await CompareAsync();
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);

    private async Task FoundAsync()
    {
        (_anna, _carol) = (await servers.One.RegisterAsync("anna"), await servers.One.RegisterAsync("carol"));
        (_bert, _berta) = (await servers.Two.RegisterAsync("bert"), await servers.Two.RegisterAsync("berta"));
        var version = s_versions[_random.Next(s_versions.Length)];
        Steps.Add($"seed {seed}, room version {version}");
        var users = new JsonObject { [_bert.UserId] = 90 };
        if (version != "12")
            users[_anna.UserId] = 100;
        _levels = new JsonObject { ["users"] = users, ["events"] = new JsonObject { ["m.room.tombstone"] = 50 } };
        _room = await _anna.CreateRoomAsync(new JsonObject
        {
            ["preset"] = "public_chat",
            ["room_version"] = version,
            ["power_level_content_override"] = _levels.DeepClone(),
        }.ToJsonString());
        _view = new SyncedRoom(_room);
        await _carol.JoinAsync(_room);
        for (var i = 0; i < 50; i++)
            (await _anna.PostAsync($"{Rooms}/ban", $$"""{"user_id":"@nobody{{i}}:elsewhere"}""")).Ok();
        for (var i = _random.Next(1, 30); i > 0; i--)
            _events.Add(await _carol.SendTextAsync(_room, $"before {i}"));
        await RelateAsync(_carol);
    }

    /// <summary>The state before the join comes when it may; what else is asked comes at once.</summary>
    private Task HoldAsync(HttpRequestMessage request)
    {
        var path = Uri.UnescapeDataString(request.RequestUri!.PathAndQuery);
        if (path.Contains("/send_join/" + _room, StringComparison.Ordinal))
            _joinId ??= path[(path.IndexOf(_room, StringComparison.Ordinal) + _room.Length + 1)..].Split('?')[0];
        return _joinId is not null && path.Contains("/state", StringComparison.Ordinal) && path.Contains(_joinId, StringComparison.Ordinal)
            ? _membersMayCome.Task : Task.CompletedTask;
    }

    private async Task StepAsync()
    {
        var known = _events[_random.Next(_events.Count)];
        await (_random.Next(42) switch
        {
            0 or 1 or 2 => PageAsync(),
            3 => AskAsync("context", () => _bert.GetAsync($"{Rooms}/context/{Escape(known)}?limit=10")),
            4 => AskAsync("event", () => _bert.GetAsync($"{Rooms}/event/{Escape(known)}")),
            5 => AskAsync("relations", () => _bert.GetAsync($"v1/rooms/{Escape(_room)}/relations/{Escape(known)}")),
            6 => AskAsync("threads", () => _bert.GetAsync($"v1/rooms/{Escape(_room)}/threads")),
            7 => AskAsync("search", () => _bert.PostAsync("v3/search", """{"search_categories":{"room_events":{"search_term":"before"}}}""")),
            8 => AskAsync("time", () => _bert.GetAsync($"v1/rooms/{Escape(_room)}/timestamp_to_event?ts=0&dir=f")),
            9 => AskAsync("sync", () => _bert.GetAsync("v3/sync")),
            10 => Later("members", () => _bert.GetAsync($"{Rooms}/members")),
            11 => Later("joined members", () => _bert.GetAsync($"{Rooms}/joined_members")),
            12 => Later("state", () => _bert.GetAsync($"{Rooms}/state")),
            13 => Later("member", () => _bert.GetAsync($"{Rooms}/state/m.room.member/{Escape(_carol.UserId)}")),
            14 => Later("kick", () => _bert.PostAsync($"{Rooms}/kick", $$"""{"user_id":"{{_carol.UserId}}"}""")),
            15 => Later("unban", () => _bert.PostAsync($"{Rooms}/unban", """{"user_id":"@nobody7:elsewhere"}""")),
            16 => AskAsync("redact", () => _bert.PutAsync($"{Rooms}/redact/{Escape(known)}/r{_random.Next()}")),
            17 => AskAsync("topic", () => _bert.PutAsync($"{Rooms}/state/m.room.topic", $$"""{"topic":"{{_random.Next()}}"}""")),
            18 => AskAsync("other topic", () => _anna.PutAsync($"{Rooms}/state/m.room.topic", $$"""{"topic":"{{_random.Next()}}"}""")),
            19 => SayAsync(_random.Next(2) == 0 ? _bert : _anna),
            20 => AskAsync("second join", () => _berta.PostAsync(Join)),
            21 => Later("second leave", () => _berta.PostAsync($"{Rooms}/leave")),
            22 => _random.Next(3) switch
            {
                0 => AskAsync("upgrade", () => _bert.PostAsync($"{Rooms}/upgrade", """{"new_version":"12"}""")),
                1 => AskAsync("leave", () => _bert.PostAsync($"{Rooms}/leave")),
                _ => AskAsync("join", () => _bert.PostAsync(Join)),
            },
            23 => AskAsync("lazy sync", () => _bert.GetAsync($"v3/sync?filter={Escape("""{"room":{"state":{"lazy_load_members":true}}}""")}")),
            24 => Later("initial sync of the room", () => _bert.GetAsync($"{Rooms}/initialSync")),
            25 => AskAsync("typing", () => _bert.PutAsync($"{Rooms}/typing/{Escape(_bert.UserId)}", """{"typing":true,"timeout":1000}""")),
            26 => AskAsync("receipt", () => _bert.PostAsync($"{Rooms}/receipt/m.read/{Escape(known)}")),
            27 => Later("invite", () => _bert.PostAsync($"{Rooms}/invite", $$"""{"user_id":"{{_berta.UserId}}"}""")),
            28 => Later("ban", () => _bert.PostAsync($"{Rooms}/ban", """{"user_id":"@spammer:elsewhere"}""")),
            29 => AskAsync("incremental sync", () => _view.SyncAsync(_bert)),
            30 => AskAsync("initial sync", () => _bert.GetAsync("v3/initialSync")),
            31 => RelateAsync(_bert),
            32 => AskAsync("profile", () => _bert.PutAsync($"v3/profile/{_bert.UserId}/displayname", $$"""{"displayname":"{{_random.Next()}}"}""")),
            33 => AskAsync("levels", () => _bert.PutAsync($"{Rooms}/state/m.room.power_levels", Levels().ToJsonString())),
            34 => AskAsync("join rule", () => _anna.PutAsync($"{Rooms}/state/m.room.join_rules", $$"""{"join_rule":"public","x":{{_random.Next()}}}""")),
            35 => Later("members then", () => _bert.GetAsync($"{Rooms}/members?at={Escape(_view.Since ?? "")}&membership=join")),
            36 => AskAsync("hierarchy", () => _bert.GetAsync($"v1/rooms/{Escape(_room)}/hierarchy")),
            37 => SayAsync(_carol),
            38 => AskAsync("carol leaves", () => _carol.PostAsync($"{Rooms}/leave")),
            39 => AskAsync("carol joins", () => _carol.PostAsync($"{Rooms}/join")),
            40 => KickedAsync(),
            _ => CrashAsync(),
        });
    }

    private async Task AskAsync(string what, Func<Task<Answer>> ask)
    {
        Steps.Add(what);
        var answer = await ask();
        Assert.True(answer.Status < 500, $"{what}: {answer.Status} {answer.Text}");
    }

    /// <summary>Asks for what is answered when the members are known.</summary>
    private Task Later(string what, Func<Task<Answer>> ask)
    {
        Steps.Add(what);
        _waiting.Add((what, _crashes, UnlessCutAsync(ask)));
        return Task.CompletedTask;
    }

    private async Task<Answer?> UnlessCutAsync(Func<Task<Answer>> ask)
    {
        var crashes = _crashes;
        try
        {
            return await ask();
        }
        catch (Exception) when (crashes < _crashes)
        {
            return null;
        }
    }

    private async Task PageAsync()
    {
        Steps.Add("page");
        var answer = await _bert.GetAsync($"{Rooms}/messages?dir=b&limit={_random.Next(1, 100)}{(_page is null ? "" : "&from=" + Escape(_page))}");
        Assert.True(answer.Status is 200 or 403, answer.Text);
        if (answer.Status == 200)
            _page = answer.Json["end"]?.GetValue<string>();
    }

    private async Task SayAsync(TestClient user)
    {
        Steps.Add("say");
        var answer = await user.PutAsync($"{Rooms}/send/m.room.message/t{_random.Next()}", """{"msgtype":"m.text","body":"meanwhile"}""");
        Assert.True(answer.Status is 200 or 403, answer.Text);
        if (answer.Status == 200)
            _events.Add(answer.Ok("event_id"));
    }

    private async Task RelateAsync(TestClient user)
    {
        Steps.Add("relate");
        var answer = await user.PutAsync($"{Rooms}/send/m.reaction/t{_random.Next()}", new JsonObject
        {
            ["m.relates_to"] = new JsonObject { ["rel_type"] = "m.annotation", ["event_id"] = _events[0], ["key"] = $"{_random.Next()}" },
        }.ToJsonString());
        Assert.True(answer.Status is 200 or 403, answer.Text);
        if (answer.Status == 200)
            _events.Add(answer.Ok("event_id"));
    }

    /// <summary>Bert is put out; that has come to his server when this is over.</summary>
    private async Task KickedAsync()
    {
        Steps.Add("kicked");
        var kick = await _anna.PutAsync($"{Rooms}/state/m.room.member/{Escape(_bert.UserId)}", """{"membership":"leave"}""");
        Assert.True(kick.Status is 200 or 403, kick.Text);
        while (kick.Status == 200 && await StoredAsync(kick.Ok("event_id")) is null)
            await Task.Delay(10, TestContext.Current.CancellationToken);
    }

    /// <summary>What the joining server stores of an event.</summary>
    private ValueTask<EventRow?> StoredAsync(string eventId) => servers.Two.Services.GetRequiredService<IStorage>().Events.GetAsync(eventId);

    private JsonObject Levels()
    {
        var levels = (JsonObject)_levels.DeepClone();
        levels["events"]!["m.room.topic"] = _random.Next(0, 80);
        return levels;
    }

    private Task CrashAsync()
    {
        Steps.Add("crash");
        _crashes++;
        return servers.Two.CrashAsync();
    }

    /// <summary>Both servers have heard of all: then they hold the same.</summary>
    private async Task CompareAsync()
    {
        (await _bert.PostAsync(Join)).Ok();
        var (marked, since) = (await _anna.SendTextAsync(_room, "anna's last"), await _bert.SendTextAsync(_room, "bert's last"));
        await SeesAsync(_bert, marked);
        await SeesAsync(_anna, since);
        Assert.Equal(await IdsAsync(_anna, "state"), await IdsAsync(_bert, "state"));

        // A client that loads all members and has synced every now and then has the same.
        await _view.SyncUntilAsync(_bert, since);
        Assert.Empty((await IdsAsync(_anna, "state")).Except(_view.State));
        Assert.Equal(await IdsAsync(_anna, "members"), await IdsAsync(_bert, "members"));
        Assert.Equal(await JoinedAsync(_anna), await JoinedAsync(_bert));
        var history = await HistoryAsync(_bert);
        Assert.Equal(history.Distinct().Count(), history.Count);
        foreach (var lost in _events.Union(await HistoryAsync(_anna)).Except(history))
        {
            // What somebody does who is being put out by a user of the other server fails softly there (S-S API, Soft failure).
            var stored = await StoredAsync(lost);
            if (stored?.Status != EventStatus.SoftFailed)
                Assert.Fail($"{_bert.UserId} does not see ({stored?.Status}) {(await _anna.GetAsync($"{Rooms}/event/{Escape(lost)}")).Text}");
        }

        Assert.Equal("", servers.Two.Faults);
    }

    private async Task<List<string>> IdsAsync(TestClient user, string what)
    {
        var answer = (await user.GetAsync($"{Rooms}/{what}")).Ok();
        var events = answer as JsonArray ?? answer["chunk"]!.AsArray();
        return [.. events.Select(e => $"{e!["type"]} {e["state_key"]} {e["event_id"]}").Order(StringComparer.Ordinal)];
    }

    private async Task<List<string>> JoinedAsync(TestClient user) =>
        [.. (await user.GetAsync($"{Rooms}/joined_members")).Ok()["joined"]!.AsObject().Select(m => m.Key).Order(StringComparer.Ordinal)];

    private async Task<List<string>> HistoryAsync(TestClient user)
    {
        const int MaxPages = 20;
        var ids = new List<string>();
        var pages = 0;
        for (string? from = ""; from is not null;)
        {
            Assert.True(++pages <= MaxPages, "there is no end to the history");
            var page = (await user.GetAsync($"{Rooms}/messages?dir=b&limit=50{from}")).Ok();
            ids.AddRange(page["chunk"]!.AsArray().Select(e => e!["event_id"]!.GetValue<string>()));
            from = page["end"] is { } end ? "&from=" + Escape(end.GetValue<string>()) : null;
        }

        return ids;
    }

    private async Task SeesAsync(TestClient user, string eventId)
    {
        var since = "";
        for (var i = 0; i < 30; i++)
        {
            var sync = (await user.GetAsync($"v3/sync?timeout=2000{since}")).Ok();
            if (sync["rooms"]?["join"]?[_room]?["timeline"]?["events"]?.AsArray().Any(e => e!["event_id"]!.GetValue<string>() == eventId) == true)
                return;
            since = $"&since={sync["next_batch"]!.GetValue<string>()}";
        }

        Assert.Fail($"{user.UserId} does not see {eventId}");
    }
}
