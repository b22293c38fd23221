using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Load;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Silo;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>Attackers, a guest and a hostile server against a running one, step by step; what they choose follows from the seed.</summary>
internal sealed class FuzzRun : IAsyncDisposable
{
    private const int StepsBetweenChecks = 250;
    private const int LogTail = 6000;

    // Matrix:MemoryLimit of the server; after a minute of this it had at most 270.
    private const int MaxMemoryMiB = 512;

    // The database grows with the run: reading all of it may take this part of the time.
    private const int PartForReading = 10;
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(30);
    private static readonly string[] s_attackers = ["mallory", "trudy"];

    private readonly Trace _trace = new();
    private readonly TemporaryFolder _folder;
    private readonly int _seed;
    private readonly StepRandom _random;
    private readonly KnownThings _things;
    private readonly List<FuzzClient> _attackers = [];
    private readonly SiloProcess _silo;
    private readonly Peer _good;
    private readonly Peer _evil;
    private readonly HttpClient _http;
    private readonly Innocents _innocents;
    private readonly ServerName _server;
    private readonly string _database;
    private readonly MemoryWatch _memory;
    private HostilePeer _hostile = null!;
    private ClientRequests _requests = null!;
    private IReadOnlyList<MatrixEndpoint> _client = [];
    private IReadOnlyList<MatrixEndpoint> _federation = [];
    private TimeSpan _reading;
    private int _registered;

    private FuzzRun(int seed, SiloProcess silo, Peer good, Peer evil, TemporaryFolder folder, string data)
    {
        (_folder, _seed, _silo, _good, _evil, _random) = (folder, seed, silo, good, evil, new StepRandom(seed));
        _things = new KnownThings(_random);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = silo.Url, Timeout = FuzzClient.Patience };
        _innocents = new Innocents(_http, good);
        _server = ServerName.Parse(silo.ServerName);
        _database = Path.Combine(data, "matrix.db");
        _memory = new MemoryWatch(silo.ProcessId);
    }

    /// <summary>How many requests were sent so far.</summary>
    public int Steps { get; private set; }

    /// <summary>Each endpoint of the server, and how many of the requests to it had success.</summary>
    public SortedDictionary<string, int> Successes { get; } = new(StringComparer.Ordinal);

    /// <summary>The most resident memory that the server had, in MiB.</summary>
    public double MostMemory => _memory.Most;

    public static async Task<FuzzRun> StartAsync(int seed)
    {
        var folder = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        var data = folder.File("data");
        var settings = new Dictionary<string, string>
        {
            ["Matrix__Registration__AllowGuests"] = "true",
            ["Matrix__MemoryLimit"] = (MaxMemoryMiB * 1024L * 1024).ToString(CultureInfo.InvariantCulture),
        };
        var silo = await SiloProcess.StartFederatingAsync(data, authority, environment: settings);
        var run = new FuzzRun(seed, silo, await Peer.StartAsync(authority, 1), await Peer.StartAsync(authority, 2), folder, data);
        await run.FindEndpointsAsync();
        await run.PrepareAsync();
        return run;
    }

    /// <summary>Plays until the time is over; what does not hold is an exception that says what was done last.</summary>
    public async Task PlayAsync(TimeSpan time)
    {
        var started = Stopwatch.GetTimestamp();
        var reads = TimeSpan.Zero;
        try
        {
            while (Stopwatch.GetElapsedTime(started) < time)
            {
                for (var i = 0; i < StepsBetweenChecks; i++)
                    await StepAsync();
                await CheckAsync();
                if (Stopwatch.GetElapsedTime(started) - reads > _reading * PartForReading)
                {
                    CheckDatabase();
                    reads = Stopwatch.GetElapsedTime(started);
                }
            }

            CheckDatabase();
        }
        catch (Exception e)
        {
            var log = _silo.Log;
            throw new InvalidOperationException(
                $"seed {_seed}, {_trace.Last}\nafter {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s, steps before it are in {_trace.Keep(_seed)}: "
                + $"{e.Message}\n{log[Math.Max(0, log.Length - LogTail)..]}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _memory.Dispose();
        _http.Dispose();
        await _silo.DisposeAsync();
        await _good.DisposeAsync();
        await _evil.DisposeAsync();
        _folder.Dispose();
    }

    // The routes of a server of the same program, which is not started.
    private async Task FindEndpointsAsync()
    {
        await using var app = MatrixServer.Build([$"--Matrix:DataDirectory={_folder.File("unused")}", "--urls=http://127.0.0.1:0"]);
        var all = app.Services.GetRequiredService<RouteTable>().Endpoints;
        _federation = [.. all.Where(IsForServers)];
        _client = [.. all.Where(e => !IsForServers(e))];
        foreach (var endpoint in all)
            Successes[$"{endpoint.Method} {endpoint.Path}"] = 0;
    }

    private async Task PrepareAsync()
    {
        await _innocents.StartAsync(_server);
        _requests = new ClientRequests(_random, _things, _silo.Url, _innocents.Room, _evil.Name.Value);
        for (var i = 0; i < s_attackers.Length; i++)
            _attackers.Add(await RegisterAsync(guest: false));
        var second = new FuzzClient(_http) { Room = _attackers[0].Room };
        await second.LogInAsync(_attackers[0].User.Id);
        _attackers.Add(second);
        _attackers.Add(await RegisterAsync(guest: true));
        var own = new PeersRoom(_evil);
        _hostile = new HostilePeer(_evil, own, await _evil.JoinAsync(_server, _innocents.Room, HostilePeer.Eve), _things, _random, _seed);
        foreach (var user in _innocents.Users.Concat(_attackers).Select(u => u.User))
        {
            _things.Add("userId", user.Id);
            _things.Add("deviceId", user.DeviceId);
            _things.Add("stateKey", user.Id);
        }

        foreach (var user in new[] { _evil.UserId(HostilePeer.Eve), own.Mallory })
        {
            _things.Add("userId", user);
            _things.Add("evil", user);
        }

        _things.Add("userId", _good.UserId("zoe"));
        foreach (var server in new[] { _server, _evil.Name, _good.Name })
            _things.Add("serverName", server.Value);
        foreach (var room in new[] { _innocents.Room, own.Room.RoomId })
            _things.Add("roomId", room);
        _things.Add("roomAlias", $"#a:{_evil.Name}");
        _things.Add("roomAlias", $"#a:{_server}");
        _things.Add("eventId", own.Room.Last.EventId);
    }

    private async Task<FuzzClient> RegisterAsync(bool guest)
    {
        var client = new FuzzClient(_http);
        await client.RegisterAsync($"mallory{++_registered}", guest);
        client.Room = guest ? _innocents.Room : (await client.AskAsync("POST", "v3/createRoom", """{"preset":"public_chat"}""")).Ok("room_id");
        if (!guest)
            (await client.AskAsync("POST", $"v3/join/{Uri.EscapeDataString(_innocents.Room)}", "{}")).Ok();
        _things.Add("roomId", client.Room);
        return client;
    }

    private async Task StepAsync()
    {
        _random.Begin(++Steps);
        if (_random.Next(4) == 0)
        {
            var endpoint = _federation[_random.Next(_federation.Count)];
            if (_hostile.Next(endpoint, _server) is { } request)
                await DoAsync(endpoint, request.Target, request.Body ?? "", () => _evil.AskAsync(_server, request.Method, request.Target, request.Body));
            return;
        }

        var at = _random.Next(_attackers.Count);
        var attacker = _attackers[at];
        var asked = _client[_random.Next(_client.Count)];
        using var message = _requests.Next(asked, attacker);
        var body = message.Content is null ? "" : await message.Content.ReadAsStringAsync();
        var answer = await DoAsync(asked, message.RequestUri!.OriginalString, body, () => attacker.SendAsync(message));
        _things.Learn(answer.Text);

        // Some endpoints end a session or an account.
        if (answer.Status == 401 && answer.Text.Contains("M_UNKNOWN_TOKEN", StringComparison.Ordinal))
            _attackers[at] = await RegisterAsync(guest: at == _attackers.Count - 1);
    }

    private async Task<Answer> DoAsync(MatrixEndpoint endpoint, string target, string body, Func<Task<Answer>> send)
    {
        _trace.Sends(Steps, endpoint.Method, target, body);
        var started = Stopwatch.GetTimestamp();
        var answer = await send();
        _trace.Answered(answer.Status, (int)Stopwatch.GetElapsedTime(started).TotalMilliseconds);

        // Another server's fault is no fault of this one, nor is one that is too busy with others' keys.
        var isOthers = answer.Status is 502 or 504 || (answer.Status == 503 && endpoint.Path.EndsWith("/keys/claim", StringComparison.Ordinal));
        Assert.False(answer.Status >= 500 && !isOthers, $"{answer.Status} {answer.Text}");
        if (answer.Status is >= 200 and < 400)
            Successes[$"{endpoint.Method} {endpoint.Path}"]++;
        return answer;
    }

    private async Task CheckAsync()
    {
        await _innocents.CheckAsync(_attackers[0].User.Id, _evil.UserId("mallory"));
        for (var started = Stopwatch.GetTimestamp(); _memory.Now > MaxMemoryMiB;)
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < s_settle, $"{_memory.Now:0} MiB of memory, {MaxMemoryMiB} is the most");
            await Task.Delay(100);
        }

        _good.Asked.Clear();
        _evil.Asked.Clear();
        _hostile.Forget();
    }

    private void CheckDatabase()
    {
        var started = Stopwatch.GetTimestamp();
        var unreadable = StoredJson.FindUnreadable(_database);
        Assert.True(unreadable is null, $"stored and unreadable: {unreadable}");
        _reading = Stopwatch.GetElapsedTime(started);
    }

    private static bool IsForServers(MatrixEndpoint endpoint) =>
        new[] { "/_matrix/federation/", "/_matrix/key/", "/_matrix/policy/" }.Any(api => endpoint.Path.StartsWith(api, StringComparison.Ordinal));
}
