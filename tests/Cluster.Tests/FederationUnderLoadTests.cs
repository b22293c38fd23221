using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>
/// Two servers of two silos each, whose users write in the same rooms while the silos of both are killed by turns: both end with the same events and the same
/// state, and everything that was acknowledged is among them. CLUSTER_KILLS is how often one is killed (4).
/// </summary>
public sealed class FederationUnderLoadTests(PostgresCluster postgres)
{
    private const int Rooms = 3;

    // Where the other server is not reached, it is tried again after 2, 4, 8 and 16 s (Backoff).
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(45);

    [Fact(Timeout = 3_600_000)]
    public async Task Servers_whose_silos_die_by_turns_end_with_the_same_rooms()
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("CLUSTER_KILLS") ?? "4", CultureInfo.InvariantCulture);
        var random = new Random(kills);
        using var folder = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        await using var here = await Server.StartAsync(postgres, folder.File("here"), authority);
        await using var there = await Server.StartAsync(postgres, folder.File("there"), authority);
        Server[] servers = [here, there];
        try
        {
            await here.User.RegisterAsync("alice");
            await there.User.RegisterAsync("bob");
            var rooms = new List<string>();
            for (var i = 0; i < Rooms; i++)
                rooms.Add(await ShareAsync(here, there));

            using var stop = new CancellationTokenSource();
            var writing = Task.WhenAll(servers.SelectMany(server => rooms.Select(room => server.WriteAsync(room, stop.Token))));
            for (var i = 0; i < kills && !writing.IsFaulted; i++)
            {
                for (var until = servers.Sum(static server => server.Count) + random.Next(20, 100);
                    servers.Sum(static server => server.Count) < until && !writing.IsFaulted;)
                    await Task.Delay(10, TestContext.Current.CancellationToken);
                var silo = servers[i % 2].Silos[random.Next(2)];
                await silo.KillAsync();
                await silo.StartAsync();
            }

            await stop.CancelAsync();
            await writing;
            var waited = Stopwatch.StartNew();
            foreach (var room in rooms)
                await SameAsync(room, servers, waited);
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{servers.Sum(static server => server.Count)} events, {servers.Sum(static server => server.User.Failures)} requests repeated, " +
                $"the same on both {waited.Elapsed.TotalSeconds:F1} s after the last");
        }
        catch (Exception)
        {
            foreach (var silo in servers.SelectMany(static server => server.Silos))
                TestContext.Current.TestOutputHelper?.WriteLine(silo.Log);
            throw;
        }
    }

    /// <summary>A room of the one server's user, which the other's has joined and may do everything in.</summary>
    private static async Task<string> ShareAsync(Server here, Server there)
    {
        var room = (await here.User.AskAsync(HttpMethod.Post, "createRoom", new JsonObject
        {
            ["preset"] = "public_chat",
            ["power_level_content_override"] = new JsonObject { ["users_default"] = 50 },
        }))["room_id"]!.GetValue<string>();
        await there.User.AskAsync(HttpMethod.Post, $"join/{room}?via={here.Name}", []);
        return room;
    }

    /// <summary>Waits until the room is the same on both servers.</summary>
    private static async Task SameAsync(string room, Server[] servers, Stopwatch waited)
    {
        var acknowledged = servers.SelectMany(static server => server.Acknowledged)
            .Where(sent => sent.Room == room).Select(static sent => sent.EventId).ToHashSet();
        while (true)
        {
            var events = await Task.WhenAll(servers.Select(server => server.EventsAsync(room)));
            var states = await Task.WhenAll(servers.Select(server => server.StateAsync(room)));
            if (events[0].SetEquals(events[1]) && states[0].SetEquals(states[1]) && acknowledged.IsSubsetOf(events[0]))
                return;
            Assert.True(
                waited.Elapsed < s_settled,
                $"{room}: only here {Missing(events[1], events[0])}, only there {Missing(events[0], events[1])}, " +
                $"acknowledged and missing {Missing(events[0], acknowledged)}; " +
                $"of the state only here {Missing(states[1], states[0])}, only there {Missing(states[0], states[1])}");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }

        static string Missing(HashSet<string> from, IEnumerable<string> of) => string.Join(' ', of.Except(from));
    }

    /// <summary>A server of two silos behind a load balancer, and a user of it.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly LoadBalancer _balancer = new();
        private readonly List<(string Room, string EventId)> _acknowledged = [];

        public List<SiloProcess> Silos { get; } = [];
        public AnySilo User { get; private set; } = null!;
        public string Name => $"localhost:{_balancer.Port}";

        public int Count
        {
            get { lock (_acknowledged) return _acknowledged.Count; }
        }

        public List<(string Room, string EventId)> Acknowledged
        {
            get { lock (_acknowledged) return [.. _acknowledged]; }
        }

        public static async Task<Server> StartAsync(PostgresCluster postgres, string folder, TestAuthority authority)
        {
            var server = new Server();
            var database = await postgres.CreateDatabaseAsync() + ";Maximum Pool Size=12";
            for (var i = 0; i < 2; i++)
            {
                server.Silos.Add(await SiloProcess.StartFederatingAsync(folder, authority, database, server.Name));
                server._balancer.Add(server.Silos[i].FederationPort);
            }

            server.User = new AnySilo(server.Silos);
            return server;
        }

        /// <summary>Writes messages, and each tenth time the topic, which both servers set against each other.</summary>
        public async Task WriteAsync(string room, CancellationToken stop)
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var answer = i % 10 == 9
                    ? await User.AskAsync(HttpMethod.Put, $"rooms/{room}/state/m.room.topic", new JsonObject { ["topic"] = $"{Name} {i}" })
                    : await User.AskAsync(
                        HttpMethod.Put, $"rooms/{room}/send/m.room.message/{i}", new JsonObject { ["msgtype"] = "m.text", ["body"] = $"{i}" });
                lock (_acknowledged)
                    _acknowledged.Add((room, answer["event_id"]!.GetValue<string>()));
            }
        }

        public async Task<HashSet<string>> StateAsync(string room) =>
            [.. (await User.AskAsync(HttpMethod.Get, $"rooms/{room}/state")).AsArray().Select(static e => e!["event_id"]!.GetValue<string>())];

        public async Task<HashSet<string>> EventsAsync(string room)
        {
            var found = new HashSet<string>();
            for (var from = ""; ;)
            {
                var page = await User.AskAsync(HttpMethod.Get, $"rooms/{room}/messages?dir=b&limit=500{from}");
                var events = page["chunk"]!.AsArray();
                foreach (var id in events.Select(static e => e!["event_id"]!.GetValue<string>()))
                    Assert.True(found.Add(id), $"{id} is there twice");
                if (page["end"] is not { } end || events.Count == 0)
                    return found;
                from = "&from=" + end.GetValue<string>();
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var silo in Silos)
                await silo.DisposeAsync();
            User.Dispose();
            _balancer.Dispose();
        }
    }
}
