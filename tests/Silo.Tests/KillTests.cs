using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Silo.Tests.SiloRequests;

namespace OrleansMatrix.Silo.Tests;

/// <summary><see cref="KillRun"/> on SQLite. A class for each database, so that both run at the same time.</summary>
public sealed class SqliteKillTests
{
    [Fact(Timeout = 900_000)]
    public async Task Acknowledged_writes_survive_kills_once_and_in_order()
    {
        using var data = new TemporaryFolder();
        await KillRun.RunAsync(data.Path, "", seed: 1);
    }
}

/// <summary><see cref="KillRun"/> on PostgreSQL.</summary>
public sealed class PostgresKillTests
{
    [Fact(Timeout = 900_000)]
    public async Task Acknowledged_writes_survive_kills_once_and_in_order()
    {
        await using var cluster = await PostgresCluster.StartAsync();
        using var data = new TemporaryFolder();
        await KillRun.RunAsync(data.Path, await cluster.CreateDatabaseAsync(), seed: 2);
    }
}

/// <summary>
/// The promise of design.md, Storage: killing the process at any moment loses no acknowledged event, to-device message or account datum, and a repeated
/// transaction id makes no duplicate.
/// </summary>
internal static class KillRun
{
    private const int Writers = 4;

    /// <summary>How often the process is killed: KILLS, or enough for every run.</summary>
    private static readonly int s_kills =
        int.TryParse(Environment.GetEnvironmentVariable("KILLS"), NumberStyles.None, CultureInfo.InvariantCulture, out var kills) ? kills : 20;

    public static async Task RunAsync(string dataDirectory, string database, int seed)
    {
        await using var silo = await SiloProcess.StartAsync(dataDirectory, database);
        var alice = await RegisterAsync(silo, "alice");
        var bob = await RegisterAsync(silo, "bob");
        var room = (await Ask(silo, alice.Token, HttpMethod.Post, "createRoom", new JsonObject { ["preset"] = "public_chat" }))["room_id"]!.GetValue<string>();
        var before = (await Ask(silo, bob.Token, HttpMethod.Get, "sync?timeout=0"))["next_batch"]!.GetValue<string>();

        var acknowledged = new List<(string Body, string EventId)>[Writers];
        using var acks = new AckCounter();
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(w => WriteMessagesAsync(w)).ToArray();
        var toDevice = WriteToDeviceAsync();
        var accountData = WriteAccountDataAsync();

        var random = new Random(seed);
        for (var kill = 0; kill < s_kills; kill++)
        {
            // Killed a random number of acknowledgements later, plus a moment, so that the kill falls anywhere in a request.
            await acks.WaitForMoreAsync(random.Next(1, 30));
            await Task.Delay(TimeSpan.FromMicroseconds(random.Next(0, 5000)));
            await silo.KillAsync();
            await silo.StartAsync();
        }
        await acks.WaitForMoreAsync(20);
        await stop.CancelAsync();
        await Task.WhenAll([.. writers, toDevice, accountData]);

        var stored = await ReadRoomAsync(silo, alice.Token, room);
        var byBody = stored.GroupBy(e => e.Body).ToDictionary(g => g.Key, g => g.ToList());
        Assert.All(byBody, same => Assert.Single(same.Value));
        for (var w = 0; w < Writers; w++)
        {
            Assert.NotEmpty(acknowledged[w]);
            Assert.All(acknowledged[w], a => Assert.Equal(a.EventId, Assert.Single(byBody[a.Body]).EventId));
            var order = stored.Where(e => e.Body.StartsWith($"{w}-", StringComparison.Ordinal)).Select(e => int.Parse(e.Body.AsSpan(2), null)).ToList();
            Assert.Equal(order.Order(), order);
        }
        var received = await ReadToDeviceAsync(silo, bob.Token, before);
        Assert.Equal(Enumerable.Range(0, toDevice.Result), received.Take(toDevice.Result));
        Assert.Equal(received.Distinct(), received);
        var datum = (await Ask(silo, alice.Token, HttpMethod.Get, $"user/{alice.UserId}/account_data/org.example.n"))["n"]!.GetValue<int>();
        Assert.InRange(datum, accountData.Result, accountData.Result + 1);

        async Task WriteMessagesAsync(int w)
        {
            acknowledged[w] = [];
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                var body = $"{w}-{n}";
                var answer = await UntilAnswered(
                    silo, alice.Token, HttpMethod.Put, $"rooms/{room}/send/m.room.message/{body}", new JsonObject { ["msgtype"] = "m.text", ["body"] = body });
                acknowledged[w].Add((body, answer["event_id"]!.GetValue<string>()));
                acks.Add();
            }
        }

        async Task<int> WriteToDeviceAsync()
        {
            var n = 0;
            for (; !stop.IsCancellationRequested; n++)
            {
                var messages = new JsonObject { ["messages"] = new JsonObject { [bob.UserId] = new JsonObject { ["*"] = new JsonObject { ["n"] = n } } } };
                await UntilAnswered(silo, alice.Token, HttpMethod.Put, $"sendToDevice/org.example.n/td{n}", messages);
                acks.Add();
            }
            return n;
        }

        async Task<int> WriteAccountDataAsync()
        {
            var n = 0;
            for (; !stop.IsCancellationRequested; n++)
            {
                await UntilAnswered(silo, alice.Token, HttpMethod.Put, $"user/{alice.UserId}/account_data/org.example.n", new JsonObject { ["n"] = n });
                acks.Add();
            }
            return n - 1;
        }
    }

    private static async Task<List<(string Body, string EventId)>> ReadRoomAsync(SiloProcess silo, string token, string room)
    {
        var events = new List<(string, string)>();
        for (string? from = null; ;)
        {
            var page = await Ask(silo, token, HttpMethod.Get, $"rooms/{room}/messages?dir=f&limit=500" + (from is null ? "" : "&from=" + from));
            events.AddRange(from e in page["chunk"]!.AsArray()
                            where e!["type"]!.GetValue<string>() == "m.room.message"
                            select (e["content"]!["body"]!.GetValue<string>(), e["event_id"]!.GetValue<string>()));
            // Forward, a page without events is the end: the token stays good for events to come.
            if (page["end"] is null || page["chunk"]!.AsArray().Count == 0)
                return events;
            from = page["end"]!.GetValue<string>();
        }
    }

    private static async Task<List<int>> ReadToDeviceAsync(SiloProcess silo, string token, string since)
    {
        var numbers = new List<int>();
        while (true)
        {
            var sync = await Ask(silo, token, HttpMethod.Get, $"sync?timeout=0&since={since}");
            var events = sync["to_device"]?["events"]?.AsArray() ?? [];
            numbers.AddRange(events.Select(e => e!["content"]!["n"]!.GetValue<int>()));
            since = sync["next_batch"]!.GetValue<string>();
            if (events.Count == 0)
                return numbers;
        }
    }

    /// <summary>Repeats the very same request, as a client does, until the server says yes.</summary>
    private static async Task<JsonNode> UntilAnswered(SiloProcess silo, string token, HttpMethod method, string path, JsonObject body)
    {
        while (true)
        {
            try
            {
                return await Ask(silo, token, method, path, body);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                await Task.Delay(10);
            }
        }
    }

    /// <summary>Counts acknowledgements and lets one waiter wait for more of them.</summary>
    private sealed class AckCounter : IDisposable
    {
        private readonly SemaphoreSlim _signal = new(0);
        public void Add() => _signal.Release();
        public void Dispose() => _signal.Dispose();

        public async Task WaitForMoreAsync(int count)
        {
            while (_signal.Wait(0))
            {
            }
            for (var i = 0; i < count; i++)
                Assert.True(await _signal.WaitAsync(TimeSpan.FromSeconds(60)), "no acknowledgement for a minute");
        }
    }
}
