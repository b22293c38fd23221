using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using OrleansMatrix.Fuzz.Tests;
using OrleansMatrix.Gateway.Tests.Keys;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Peers.Tests.Asking;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>Users of the server under test, by the client-server API.</summary>
internal sealed class LocalSide : ISide
{
    private const string Filter = "%7B%22room%22%3A%7B%22timeline%22%3A%7B%22limit%22%3A200%7D%7D%7D";

    private static readonly TimeSpan s_betweenPages = TimeSpan.FromMilliseconds(100);

    private readonly FuzzClient _speaker;
    private readonly FuzzClient _other;
    private readonly HashSet<string> _devices = new(StringComparer.Ordinal);
    private int _transactions;

    private LocalSide(string server, FuzzClient speaker, FuzzClient other) =>
        (Server, _speaker, _other, Sync) = (server, speaker, other, new SyncReader(speaker));

    public static async Task<LocalSide> StartAsync(string server, HttpClient http, int seed)
    {
        var (speaker, other) = (new FuzzClient(http), new FuzzClient(http));
        await speaker.RegisterAsync(string.Create(CultureInfo.InvariantCulture, $"speaker{seed}"));
        await other.RegisterAsync(string.Create(CultureInfo.InvariantCulture, $"other{seed}"));
        return new LocalSide(server, speaker, other);
    }

    public string Server { get; }

    public string Speaker => _speaker.User.Id;

    public string Other => _other.User.Id;

    public string Stranger => Other;

    public bool IsHonest => true;

    /// <summary>What the speaker is told by <c>/sync</c>.</summary>
    public SyncReader Sync { get; }

    public async Task<string> CreateRoomAsync(string version, string joinRule, IReadOnlyCollection<string> powerful)
    {
        var isFounder = version == "12";
        var users = new JsonObject(powerful.Where(u => !isFounder || u != Speaker).Select(static u => KeyValuePair.Create(u, (JsonNode?)100)));
        var rules = new JsonObject { ["type"] = "m.room.join_rules", ["state_key"] = "", ["content"] = new JsonObject { ["join_rule"] = joinRule } };
        var body = new JsonObject
        {
            ["preset"] = "public_chat",
            ["name"] = "room",
            ["room_version"] = version,
            ["visibility"] = "public",
            ["power_level_content_override"] = new JsonObject { ["users"] = users },
            ["initial_state"] = new JsonArray(rules),
        };
        var room = (await AskAsync(_speaker, "POST", "v3/createRoom", body)).Ok("room_id");
        var alias = Uri.EscapeDataString(ISide.AliasOf(room, Server));
        (await AskAsync(_speaker, "PUT", "v3/directory/room/" + alias, new JsonObject { ["room_id"] = room })).Ok();
        return room;
    }

    public async Task<Done> JoinAsync(string user, string room, string via) =>
        Of(await AskAsync(Client(user), "POST", $"v3/join/{Uri.EscapeDataString(room)}?via={via}", []));

    public async Task<Done> LeaveAsync(string user, string room, string via) => Of(await AskAsync(Client(user), "POST", Path(room) + "/leave", []));

    public async Task<Done> KnockAsync(string user, string room, string via) =>
        Of(await AskAsync(Client(user), "POST", $"v3/knock/{Uri.EscapeDataString(room)}?via={via}", []));

    public Task<Done> SetMemberAsync(string by, string room, string target, string membership) =>
        SetStateAsync(by, room, "m.room.member", target, new JsonObject { ["membership"] = membership });

    public async Task<string?> SayAsync(string user, string room, string text)
    {
        var content = new JsonObject { ["msgtype"] = "m.text", ["body"] = text };
        var answer = await AskAsync(Client(user), "PUT", $"{Path(room)}/send/m.room.message/{Next()}", content);
        return Of(answer) == Done.Yes ? answer.Ok("event_id") : null;
    }

    public async Task<Done> SetStateAsync(string user, string room, string type, string key, JsonObject content) =>
        Of(await AskAsync(Client(user), "PUT", $"{Path(room)}/state/{type}/{Uri.EscapeDataString(key)}", content));

    public async Task<Done> RedactAsync(string user, string room, string eventId) =>
        Of(await AskAsync(Client(user), "PUT", $"{Path(room)}/redact/{Uri.EscapeDataString(eventId)}/{Next()}", []));

    public async Task<JsonObject?> StateOfAsync(string room, string type, string key)
    {
        var answer = await AskAsync(_speaker, "GET", $"{Path(room)}/state/{type}/{Uri.EscapeDataString(key)}");
        return answer.Status == 200 ? answer.Json.AsObject() : null;
    }

    public async Task<string?> ReadAsync(string user, string room)
    {
        var page = await AskAsync(Client(user), "GET", Path(room) + "/messages?dir=b&limit=20");
        if (page.Status != 200 || page.Json["chunk"]!.AsArray().FirstOrDefault(IsReadable) is not { } newest)
            return null;
        var id = newest["event_id"]!.GetValue<string>();
        return Of(await AskAsync(Client(user), "POST", $"{Path(room)}/receipt/m.read/{Uri.EscapeDataString(id)}", [])) == Done.Yes ? id : null;
    }

    public Task TypeAsync(string user, string room) =>
        AskAsync(Client(user), "PUT", $"{Path(room)}/typing/{Uri.EscapeDataString(user)}", new JsonObject { ["typing"] = true, ["timeout"] = 5000 });

    public async Task SendToDeviceAsync(string user, string target, int number)
    {
        var body = new JsonObject { ["messages"] = new JsonObject { [target] = new JsonObject { ["*"] = new JsonObject { ["n"] = number } } } };
        (await AskAsync(Client(user), "PUT", $"v3/sendToDevice/org.example.n/{Next()}", body)).Ok();
    }

    public async Task ChangeDevicesAsync(string user, int number)
    {
        var client = Client(user);
        var key = number.ToString(CultureInfo.InvariantCulture);
        var device = client.User.DeviceId;
        if (_devices.Add(user))
        {
            var keys = new JsonObject { ["device_keys"] = JsonNode.Parse(DeviceLists.KeysOf(user, device, key)) };
            (await AskAsync(client, "POST", "v3/keys/upload", keys)).Ok();
        }
        else
        {
            (await AskAsync(client, "PUT", $"v3/devices/{device}", new JsonObject { ["display_name"] = key })).Ok();
        }

        var oneTime = new JsonObject { ["one_time_keys"] = new JsonObject { ["signed_curve25519:" + key] = new JsonObject { ["key"] = key } } };
        (await AskAsync(client, "POST", "v3/keys/upload", oneTime)).Ok();
    }

    public async Task ChangeMasterAsync(string user)
    {
        // The first one needs no password; for a further one the client is asked for it.
        var client = Client(user);
        var master = KeyObjects.NewKey((byte)(Interlocked.Increment(ref _transactions) & 127));
        var body = new JsonObject { ["master_key"] = JsonNode.Parse(KeyObjects.CrossSigning(user, "master", master)) };
        var answer = await AskAsync(client, "POST", "v3/keys/device_signing/upload", body);
        if (answer.Status != 401)
            return;
        body["auth"] = new JsonObject
        {
            ["type"] = "m.login.password",
            ["session"] = answer.Json["session"]!.GetValue<string>(),
            ["identifier"] = new JsonObject { ["type"] = "m.id.user", ["user"] = user },
            ["password"] = FuzzClient.Password,
        };
        (await AskAsync(client, "POST", "v3/keys/device_signing/upload", body)).Ok();
    }

    public async Task SetNameAsync(string user, string name) =>
        (await AskAsync(Client(user), "PUT", $"v3/profile/{Uri.EscapeDataString(user)}/displayname", new JsonObject { ["displayname"] = name })).Ok();

    public int Looks => 9;

    public async Task LookAsync(ISide other, string room, int kind, Random random)
    {
        // Rooms that this server is in and users whom it follows it knows itself.
        var elsewhere = Uri.EscapeDataString(other is PeerSide peer ? peer.Elsewhere : room);
        // Of the speaker's name what was last set is asked for in the end, and answers are kept.
        var who = Uri.EscapeDataString(other.Other);
        var claim = new JsonObject { ["one_time_keys"] = new JsonObject { [other.Speaker] = new JsonObject { ["D0"] = "signed_curve25519" } } };
        var filter = new JsonObject { ["filter"] = new JsonObject { ["generic_search_term"] = "room" } };
        var answer = kind switch
        {
            0 => await AskAsync(_speaker, "GET", $"v3/profile/{who}"),
            1 => await AskAsync(_speaker, "GET", "v3/directory/room/" + Uri.EscapeDataString(ISide.AliasOf(room, other.Server))),
            2 => await AskAsync(_speaker, "POST", $"v3/publicRooms?server={other.Server}", filter),
            3 => await AskAsync(_speaker, "GET", $"v1/room_summary/{elsewhere}?via={other.Server}"),
            4 => await AskAsync(_speaker, "POST", "v3/keys/query", new JsonObject { ["device_keys"] = new JsonObject { [other.Stranger] = new JsonArray() } }),
            5 => await AskAsync(_speaker, "POST", "v3/keys/claim", claim),
            6 => await AskAsync(_speaker, "GET", $"v1/media/download/{other.Server}/m{random.Next(5).ToString(CultureInfo.InvariantCulture)}"),
            7 => await AskAsync(_speaker, "GET", $"v1/rooms/{Uri.EscapeDataString(room)}/timestamp_to_event?ts=0&dir=f"),
            _ => await AskAsync(_speaker, "GET", Path(room) + "/messages?dir=b&limit=50"),
        };
        _ = Of(answer);
    }

    public async Task<SortedDictionary<string, string>> StateAsync(string room)
    {
        var state = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var json in (await AskAsync(_speaker, "GET", Path(room) + "/state")).Ok().AsArray())
            state[$"({json!["type"]}, {json["state_key"]})"] = json["event_id"]!.GetValue<string>();
        return state;
    }

    public async Task<List<(string Id, bool IsWhole)>> MessagesAsync(string room, bool onlyNewest = false)
    {
        var messages = new List<(string, bool)>();
        for (string? from = ""; from is not null;)
        {
            var page = (await AskAsync(_speaker, "GET", $"{Path(room)}/messages?dir=b&limit=100{(from.Length > 0 ? "&from=" + from : "")}")).Ok();
            messages.AddRange(page["chunk"]!.AsArray().Where(static e => e!["type"]!.GetValue<string>() == "m.room.message")
                .Select(static e => (e!["event_id"]!.GetValue<string>(), e["content"]!["body"] is not null)));
            from = onlyNewest ? null : page["end"]?.GetValue<string>();

            // What is before could not be had now.
            if (from is not null && page["chunk"]!.AsArray().Count == 0)
                await Task.Delay(s_betweenPages);
        }

        messages.Reverse();
        return messages;
    }

    public async Task<string> MembershipAsync(string user, string room)
    {
        var rooms = (await AskAsync(Client(user), "GET", "v3/sync?timeout=0&filter=" + Filter)).Ok()["rooms"];
        return new[] { "join", "invite", "knock" }.FirstOrDefault(m => rooms?[m]?[room] is not null, "leave");
    }

    public async Task<string> MemberAsync(string user, string room) =>
        (await StateOfAsync(room, "m.room.member", user))?["membership"]!.GetValue<string>() ?? "leave";

    public async Task<string?> ReceiptOfAsync(string room, string user)
    {
        var sync = (await AskAsync(_speaker, "GET", "v3/sync?timeout=0&filter=" + Filter)).Ok();
        foreach (var edu in sync["rooms"]?["join"]?[room]?["ephemeral"]?["events"]?.AsArray() ?? [])
        {
            if (edu!["type"]!.GetValue<string>() == "m.receipt" &&
                edu["content"]!.AsObject().FirstOrDefault(e => e.Value!["m.read"]?[user] is not null) is { Key: { } id })
                return id;
        }

        return null;
    }

    public async Task<string?> NameOfAsync(string user) => (await AskAsync(_speaker, "GET", $"v3/profile/{Uri.EscapeDataString(user)}")).Ok("displayname");

    public async Task<List<(string Sender, string Number)>> ArrivedAsync()
    {
        await Sync.NextAsync();
        return [.. Sync.Arrived];
    }

    public async Task<string> DevicesOfAsync(string user)
    {
        var keys = (await AskAsync(_speaker, "POST", "v3/keys/query", new JsonObject { ["device_keys"] = new JsonObject { [user] = new JsonArray() } })).Ok();
        return DevicesText.Of(keys["device_keys"]![user]?.AsObject() ?? [], keys["master_keys"]?[user]);
    }

    /// <summary>Uploads a picture; its media id.</summary>
    public async Task<string> UploadAsync()
    {
        var request = _speaker.Request("POST", "/_matrix/media/v3/upload?filename=x.png", null);
        request.Content = new ByteArrayContent(TestPictures.Png(16, 16));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        return (await _speaker.SendAsync(request)).Ok("content_uri").Split('/')[^1];
    }

    public Task<Answer> AskAsync(string user, string method, string path, JsonObject? body = null) => AskAsync(Client(user), method, path, body);

    // What others say may be gone from the history elsewhere, if they were turned away meanwhile.
    private static bool IsReadable(JsonNode? json) =>
        json!["type"]!.GetValue<string>() == "m.room.message" && json["sender"]!.GetValue<string>().StartsWith("@speaker", StringComparison.Ordinal);

    private FuzzClient Client(string user) => user == Speaker ? _speaker : _other;

    private string Next() => string.Create(CultureInfo.InvariantCulture, $"t{Interlocked.Increment(ref _transactions)}");

    private static string Path(string room) => "v3/rooms/" + Uri.EscapeDataString(room);

    private static async Task<Answer> AskAsync(FuzzClient client, string method, string path, JsonObject? body = null)
    {
        var answer = await client.AskAsync(method, path, body?.ToJsonString());
        Assert.True(answer.Status < 500 || answer.Status is 502 or 503 or 504, $"{method} {path}: {answer.Status} {answer.Text}");
        return answer;
    }

    /// <summary>Where another server had to be asked and did not answer, it may have heard the request.</summary>
    private static Done Of(Answer answer) => answer.Status == 200 ? Done.Yes : answer.Status >= 500 ? Done.Unsure : Done.No;
}
