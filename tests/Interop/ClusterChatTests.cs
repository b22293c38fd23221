using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace OrleansMatrix.Interop;

/// <summary>
/// Two clients that were not written here talk encrypted through different processes of one cluster, whose silos are killed by turns: each message is seen and
/// decrypted by the other once. CLUSTER_KILLS is how often one is killed (3).
/// Clients wait long between their tries, so that each takes some minutes: only <c>-explicit only</c> runs them.
/// </summary>
public sealed class ClusterChatTests(PostgresCluster postgres)
{
    private const int Silos = 3;

    [Fact(Explicit = true, Timeout = 3_600_000)]
    public async Task Clients_of_silos_that_die_talk_in_an_encrypted_room()
    {
        using var folder = new TemporaryFolder();
        var database = await postgres.CreateDatabaseAsync() + ";Maximum Pool Size=12";
        var silos = new List<SiloProcess>();
        try
        {
            for (var i = 0; i < Silos; i++)
                silos.Add(await SiloProcess.StartAsync(folder.Path, database));
            await TalkAsync(silos[0], silos[1], silos);
        }
        finally
        {
            await EndAsync(silos);
        }
    }

    [Fact(Explicit = true, Timeout = 3_600_000)]
    public async Task Clients_of_gateways_whose_silos_die_talk_in_an_encrypted_room()
    {
        using var folder = new TemporaryFolder();
        var database = await postgres.CreateDatabaseAsync() + ";Maximum Pool Size=12";
        var silos = new List<SiloProcess>();
        var gateways = new List<SiloProcess>();
        try
        {
            for (var i = 0; i < Silos; i++)
                silos.Add(await SiloProcess.StartAsync(folder.Path, database, Role("silo")));
            for (var i = 0; i < 2; i++)
                gateways.Add(await SiloProcess.StartAsync(folder.File("gateway"), database, Role("gateway")));
            await TalkAsync(gateways[0], gateways[1], silos);
        }
        finally
        {
            await EndAsync(gateways);
            await EndAsync(silos);
        }

        static Dictionary<string, string> Role(string role) => new() { ["Matrix__Cluster__Role"] = role };
    }

    private static async Task TalkAsync(SiloProcess here, SiloProcess there, List<SiloProcess> dying)
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("CLUSTER_KILLS") ?? "3", CultureInfo.InvariantCulture);
        await using var alice = ClientProcess.Start("js");
        await using var bob = ClientProcess.Start("nio");
        foreach (var (client, name, silo) in new[] { (alice, "alice", here), (bob, "bob", there) })
        {
            var account = new JsonObject { ["url"] = silo.Url.ToString().TrimEnd('/'), ["username"] = name, ["password"] = "a long password" };
            await client.DoAsync("register", account);
            await client.DoAsync("login", account);
        }

        var created = await alice.DoAsync("create_room", new JsonObject { ["invite"] = new JsonArray("@bob:localhost"), ["encrypted"] = true });
        var room = created["room_id"]!.GetValue<string>();
        await bob.WaitForAsync(new JsonObject { ["kind"] = "membership", ["room_id"] = room, ["membership"] = "invite" });
        await bob.DoAsync("join", new JsonObject { ["room_id"] = room });
        await alice.WaitForAsync(new JsonObject { ["kind"] = "event", ["type"] = "m.room.member", ["sender"] = "@bob:localhost" });
        await alice.DoAsync("encrypted", new JsonObject { ["room_id"] = room });
        await bob.DoAsync("encrypted", new JsonObject { ["room_id"] = room });

        // Both talk on while one silo after the other is killed, the next when the last one's death has been got over, and once more when all are there.
        var talk = new Talk(alice, bob, room);
        using var stop = new CancellationTokenSource();
        var talking = talk.GoOnAsync(stop.Token);
        for (var i = 0; i < kills && !talking.IsCompleted; i++)
        {
            var silo = dying[i % dying.Count];
            await silo.KillAsync();
            await silo.StartAsync();
            await Task.WhenAny(talking, talk.NextRound);
        }

        await stop.CancelAsync();
        await talking;
        await HeardAsync(bob, "@alice:localhost", talk.OfAlice);
        await HeardAsync(alice, "@bob:localhost", talk.OfBob);
        TestContext.Current.TestOutputHelper?.WriteLine($"{talk.OfAlice.Count} messages of each, {kills} kills");
    }

    private static async Task HeardAsync(ClientProcess listener, string sender, List<string> said)
    {
        var heard = (await listener.DoAsync("all", new JsonObject { ["match"] = new JsonObject { ["sender"] = sender, ["encrypted"] = true } })).AsArray();
        Assert.Equal(said, heard.Select(static e => e!["event_id"]!.GetValue<string>()));
        Assert.Equal(
            Enumerable.Range(0, said.Count).Select(static i => $"{i}"),
            heard.Select(static e => e!["content"]!["body"]!.GetValue<string>().Split(' ')[1]));
        var failed = new JsonObject { ["match"] = new JsonObject { ["kind"] = "undecryptable" } };
        Assert.Empty((await listener.DoAsync("all", failed)).AsArray());
    }

    private static async Task EndAsync(List<SiloProcess> silos)
    {
        foreach (var silo in silos)
            await silo.DisposeAsync();
    }

    /// <summary>
    /// Both say something at once, again and again, each time when both have heard the other. So a sync that comes late has no more to tell than fits its
    /// timeline; what does not fit the clients would have to ask for.
    /// </summary>
    private sealed class Talk(ClientProcess alice, ClientProcess bob, string room)
    {
        private TaskCompletionSource _round = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The ids of what alice said, in order.</summary>
        public List<string> OfAlice { get; } = [];

        /// <summary>The ids of what bob said, in order.</summary>
        public List<string> OfBob { get; } = [];

        /// <summary>Ends when both have heard the other for the next time.</summary>
        public Task NextRound => Volatile.Read(ref _round).Task;

        /// <summary>Goes on until it is to stop, and then once more.</summary>
        public async Task GoOnAsync(CancellationToken stop)
        {
            for (var isLast = false; !isLast;)
            {
                isLast = stop.IsCancellationRequested;
                await Task.WhenAll(SayAsync(alice, bob, "alice", OfAlice), SayAsync(bob, alice, "bob", OfBob));
                Interlocked.Exchange(ref _round, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            }
        }

        private async Task SayAsync(ClientProcess speaker, ClientProcess listener, string name, List<string> said)
        {
            var content = new JsonObject { ["msgtype"] = "m.text", ["body"] = $"{name} {said.Count}" };
            var sent = await speaker.DoAsync("send_stubbornly", new JsonObject { ["room_id"] = room, ["type"] = "m.room.message", ["content"] = content });
            said.Add(sent["event_id"]!.GetValue<string>());
            await listener.WaitForAsync(new JsonObject { ["kind"] = "event", ["event_id"] = said[^1] });
        }
    }
}
