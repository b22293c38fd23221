using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.Federation.Network.Tests.Support;

namespace OrleansMatrix.Federation.Network.Tests.Schedules;

/// <summary>One course of events in a room on three servers, made from a seed.</summary>
internal sealed class Schedule(ScheduleServers servers, int seed)
{
    private static readonly string[] s_versions = ["12", "11", "10", "6", "3", "1"];
    private readonly Random _random = new(seed);
    private readonly ConcurrentBag<string> _acknowledged = [];
    private HashSet<string> _past = [];
    private string _room = "";

    private TestNetwork Network => servers.Network;

    public async Task RunAsync()
    {
        Network.Heal();
        await MakeRoomAsync();
        var phases = _random.Next(2, 5);
        for (var phase = 0; phase < phases; phase++)
        {
            Disturb();
            var length = _random.Next(4, 12);
            var actors = servers.All.Select((_, i) => new Actor(servers, i, _random.Next(), _room, _acknowledged)).ToList();
            await Task.WhenAll(actors.Select(a => a.RunAsync(length)));
            if (_random.Next(4) == 0)
                await servers.All[_random.Next(servers.All.Count)].CrashAsync();
            for (var i = _random.Next(20); i > 0; i--)
                await Network.StepAsync();
        }

        Network.Heal();
        await Network.SettleAsync(servers.All);
        // A soft-failed event is the newest only where it was sent: one more event from each server brings the ends together, as any next message would.
        foreach (var users in servers.Users)
        {
            _acknowledged.Add(await users[0].SendTextAsync(_room, "and then"));
            await Network.SettleAsync(servers.All);
        }

        await CheckAsync();
    }

    private async Task MakeRoomAsync()
    {
        var version = s_versions[seed % s_versions.Length];
        var admins = servers.Users.Select(u => u[0].UserId).ToList();
        var levels = new JsonObject { ["users"] = new JsonObject(admins.Skip(version == "12" ? 1 : 0).Select(a => KeyValuePair.Create(a, (JsonNode?)100))) };
        var creation = new JsonObject { ["preset"] = "public_chat", ["room_version"] = version, ["power_level_content_override"] = levels };
        _room = await servers.Users[0][0].CreateRoomAsync(creation.ToJsonString());
        foreach (var user in servers.Users.SelectMany(u => u).Skip(1))
            (await user.PostAsync($"v3/join/{Uri.EscapeDataString(_room)}?server_name={servers.All[0].NameText}")).Ok();
        await Network.SettleAsync(servers.All);
        _past = (await RoomGraph.ReadAsync(servers.All[0], _room, [])).Events.Keys.ToHashSet();
    }

    /// <summary>Cuts some ways and makes others lossy.</summary>
    private void Disturb()
    {
        Network.Heal();
        foreach (var from in servers.All)
        {
            foreach (var to in servers.All.Where(s => s != from))
            {
                var link = Network[from, to];
                link.Seed(_random.Next());
                if (_random.Next(3) == 0)
                    Network.Cut(from, to);
                link.LosesResponses = _random.Next(3) == 0 ? 0.3 : 0;
                link.Duplicates = _random.Next(3) == 0 ? 0.3 : 0;
            }
        }
    }

    private async Task CheckAsync()
    {
        var graphs = new List<RoomGraph>();
        foreach (var server in servers.All)
            graphs.Add(await RoomGraph.ReadAsync(server, _room, _acknowledged));
        var because = string.Create(CultureInfo.InvariantCulture, $"seed {seed}, room version {s_versions[seed % s_versions.Length]}");
        foreach (var graph in graphs)
        {
            var lost = _acknowledged.Where(id => !graph.Events.ContainsKey(id)).ToList();
            Assert.True(lost.Count == 0, $"{because}: {graph.Server} lacks {string.Join("; ", graphs.Select(g => g.Tell(lost)))}");
            Assert.Single(graph.Extremities);
            graphs[0].AssertSame(graph, _past, because);
        }

        Assert.Equal("", Network.Faults());
    }
}
