using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Federation;
using OrleansMatrix.Grains;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Housekeeping;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Benchmarks;

/// <summary>
/// What servers that are gone cost one that is there, in process and without a network: a room with a user on each, of whom those on dead servers never answer:
/// <c>dead-servers [servers] [messages]</c>. The figures come once without and once with them, once they have been gone for hours of a made-up clock.
/// </summary>
internal static class DeadServers
{
    private const string User = "@bench:localhost";

    // One silo, which nobody calls from outside.
    private const int SiloPort = 21_113;

    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(50);

    // Of the made-up clock. A server that was tried so often is tried once in an hour.
    private static readonly TimeSpan s_step = TimeSpan.FromMinutes(5);
    private const int Steps = 60;

    public static async Task RunAsync(string[] args)
    {
        int Number(int index, int fallback) => args.Length > index ? int.Parse(args[index], CultureInfo.InvariantCulture) : fallback;
        var (servers, messages) = (Number(1, 10_000), Number(2, 200));
        foreach (var dead in new[] { 0, servers })
            await MeasureAsync(dead, messages);
    }

    private static async Task MeasureAsync(int dead, int messages)
    {
        using var folder = new TemporaryFolder();
        var network = new MadeUpNetwork(dead, new TestClock(TimeProvider.System.GetUtcNow()));
        using var host = await StartAsync(folder, network);
        var room = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IRoomGrain>(network.RoomId);
        var requester = new Requester(UserId.Parse(User), "D");
        var joined = await room.ChangeMembership(new MembershipChange(
            requester, MembershipAction.Join, User, Via: [MadeUpNetwork.Resident], Content: "{}"u8.ToArray()));
        if (!joined.Ok)
            throw new InvalidOperationException(joined.Error.Message);
        while (!await room.HasMembers())
            await Task.Delay(s_between);

        // Finds out who is gone.
        for (var step = 0; step < Steps; step++)
        {
            await SendAsync(room, requester, network, 1, $"step {step}");
            network.Clock.Advance(s_step);
            await network.QuietAsync();
        }

        await SendAsync(room, requester, network, messages, "warm-up");
        var tries = network.Tries;
        var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var (sent, arrived) = await SendAsync(room, requester, network, messages, "message");
        process.Refresh();
        var micros = (process.TotalProcessorTime - cpu).TotalMicroseconds / messages;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{dead} dead servers: acknowledged after p50 {At(sent, 50):F1} ms, p99 {At(sent, 99):F1} ms; at the live server after p50 {At(arrived, 50):F1} ms, p99 {At(arrived, 99):F1} ms; {micros / 1000:F2} ms CPU a message, {network.Tries - tries} tries of dead servers, {tries} before"));
        await host.StopAsync();
        await host.Services.GetRequiredService<IStorage>().DisposeAsync();
    }

    private static double At(List<double> times, int percent) => times.Order().ElementAt(Math.Min(times.Count - 1, times.Count * percent / 100));

    private static async Task<(List<double> Sent, List<double> Arrived)> SendAsync(
        IRoomGrain room, Requester requester, MadeUpNetwork network, int messages, string name)
    {
        var (sent, started) = (new List<double>(), new Dictionary<string, long>(StringComparer.Ordinal));
        for (var i = 0; i < messages; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            var content = Encoding.UTF8.GetBytes($$"""{"msgtype":"m.text","body":"{{name}} {{i}}"}""");
            var outcome = await room.Send(new EventToSend(requester, "m.room.message", content, $"{name}.{i}"));
            if (!outcome.Ok)
                throw new InvalidOperationException(outcome.Error.Message);
            sent.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            started[$"{name} {i}"] = begun;
            var left = s_between - Stopwatch.GetElapsedTime(begun);
            if (left > TimeSpan.Zero)
                await Task.Delay(left);
        }

        while (!started.Keys.All(network.Arrived.ContainsKey))
            await Task.Delay(s_between);
        return (sent, [.. started.Select(s => Stopwatch.GetElapsedTime(s.Value, network.Arrived[s.Key]).TotalMilliseconds)]);
    }

    private static async Task<IHost> StartAsync(TemporaryFolder folder, MadeUpNetwork network)
    {
        var storage = SqliteStorage.Open(folder.File("matrix.db"), network.Clock, NullLoggerFactory.Instance);
        await storage.MigrateAsync(CancellationToken.None);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services
            .AddSingleton(new MatrixSettings { ServerName = ServerName.Parse("localhost"), DataDirectory = folder.Path })
            .AddSingleton<TimeProvider>(network.Clock)
            .AddSingleton<IRandom, SystemRandom>()
            .AddSingleton(new LocalServer(ServerName.Parse("localhost"), MadeUpNetwork.Key))
            .AddSingleton(storage)
            .AddFederation(allowPrivateAddresses: false, AllowedServers.Open)
            .AddMatrixGrains()
            .AddSingleton<IServerKeyRing>(network);
        builder.Services.AddHttpClient(OutboundConnections.Federation).ConfigurePrimaryHttpMessageHandler(() => network.Handler());
        builder.UseOrleans(silo => silo.UseLocalhostClustering(SiloPort, gatewayPort: 0).UseStoredPersistence());
        builder.Services.AddHousekeeping();
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <summary>A resident server with a public room, and dead servers with a member each. All sign with one key, this server too.</summary>
    private sealed class MadeUpNetwork : IServerKeyRing
    {
        public const string Resident = "resident.test:8448";

        // Until a connection to an address where nobody answers is given up.
        private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(10);
        private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(300);

        public static readonly SigningKey Key = SigningKey.FromSeed("bench", new byte[32]);

        private readonly RoomVersion _version = RoomVersion.TryGet("11", out var version) ? version : throw new InvalidOperationException();
        private readonly List<Pdu> _state = [];
        private int _tries;

        public MadeUpNetwork(int dead, TestClock clock)
        {
            Clock = clock;
            const string Creator = "@creator:" + Resident;
            Add(Resident, Creator, EventTypes.Create, "", """{"room_version":"11"}""");
            Add(Resident, Creator, EventTypes.Member, Creator, """{"membership":"join"}""");
            Add(Resident, Creator, EventTypes.PowerLevels, "", $$$"""{"users":{"{{{Creator}}}":100}}""");
            Add(Resident, Creator, EventTypes.JoinRules, "", """{"join_rule":"public"}""");
            for (var i = 0; i < dead; i++)
                Add($"dead{i}.test:8448", $"@member:dead{i}.test:8448", EventTypes.Member, $"@member:dead{i}.test:8448", """{"membership":"join"}""");
        }

        public string RoomId => "!room:" + Resident;

        public TestClock Clock { get; }

        /// <summary>When the resident server had a message, by its body.</summary>
        public ConcurrentDictionary<string, long> Arrived { get; } = new(StringComparer.Ordinal);

        public int Tries => _tries;

        /// <summary>Until no further server is tried at this time, and none is waited for.</summary>
        public async Task QuietAsync()
        {
            for (var before = -1; before != _tries;)
            {
                before = _tries;
                await Task.Delay(s_quiet);
                Clock.Advance(s_silence);
            }
        }

        public ValueTask<ServerVerifyKey?> FindAsync(string server, string keyId, long neededAt, CancellationToken cancellationToken = default) =>
            new(new ServerVerifyKey(VerifyKey.FromBytes(keyId, Key.VerifyKey.PublicKey), long.MaxValue, IsOld: false));

        public HttpMessageHandler Handler() => new AnswerHandler(this);

        private void Add(string server, string sender, string type, string stateKey, string content)
        {
            // A join needs the room's first events and no other join.
            var auth = _state.Where(e => e.Type is EventTypes.Create or EventTypes.PowerLevels or EventTypes.JoinRules || e.StateKey == sender);
            _state.Add(new PduBuilder
            {
                Sender = sender,
                Type = type,
                StateKey = stateKey,
                Content = Encoding.UTF8.GetBytes(content),
                RoomId = RoomId,
                PrevEvents = _state.Count == 0 ? [] : [_state[^1].EventId],
                AuthEvents = _state.Count < 4 ? [.. auth.Select(static e => e.EventId)] : [_state[0].EventId, _state[2].EventId, _state[3].EventId],
                Depth = _state.Count + 1,
                OriginServerTs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            }.Build(_version, ServerName.Parse(server), Key).Value);
        }

        private async Task<byte[]?> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            if (request.RequestUri.Host != "resident.test")
            {
                Interlocked.Increment(ref _tries);
                await Task.Delay(s_silence, Clock, cancellationToken);
                throw new HttpRequestException(HttpRequestError.ConnectionError, "nobody answers");
            }

            if (path.Contains("/make_join/", StringComparison.Ordinal))
                return Encoding.UTF8.GetBytes(Template().ToJsonString());
            if (path.Contains("/send_join/", StringComparison.Ordinal))
                return Joined();
            if (!path.Contains("/send/", StringComparison.Ordinal))
                return null;
            using var body = JsonDocument.Parse(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
            foreach (var pdu in body.RootElement.GetProperty("pdus").EnumerateArray())
            {
                if (pdu.GetProperty("content").TryGetProperty("body", out var text))
                    Arrived[text.GetString()!] = Stopwatch.GetTimestamp();
            }

            return """{"pdus":{}}"""u8.ToArray();
        }

        private JsonObject Template() => new()
        {
            ["room_version"] = _version.Id,
            ["event"] = new JsonObject
            {
                ["room_id"] = RoomId,
                ["sender"] = User,
                ["state_key"] = User,
                ["type"] = EventTypes.Member,
                ["content"] = new JsonObject { ["membership"] = Membership.Join },
                ["depth"] = _state.Count + 1,
                ["origin_server_ts"] = 1,
                ["prev_events"] = new JsonArray(_state[^1].EventId),
                ["auth_events"] = new JsonArray(_state[0].EventId, _state[2].EventId, _state[3].EventId),
            },
        };

        private byte[] Joined()
        {
            var events = string.Join(',', _state.Select(static pdu => Encoding.UTF8.GetString(pdu.Json.Span)));
            var first = string.Join(',', _state.Take(4).Select(static pdu => Encoding.UTF8.GetString(pdu.Json.Span)));
            return Encoding.UTF8.GetBytes($$"""{"auth_chain":[{{first}}],"state":[{{events}}]}""");
        }

        private sealed class AnswerHandler(MadeUpNetwork network) : HttpMessageHandler
        {
            protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                var body = await network.AnswerAsync(request, cancellationToken);
                return new HttpResponseMessage(body is null ? HttpStatusCode.NotFound : HttpStatusCode.OK)
                {
                    Content = new ByteArrayContent(body ?? "{}"u8.ToArray()),
                    RequestMessage = request,
                };
            }
        }
    }
}
