using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>What one silo acknowledged the next request to any other finds (ADR 0101).</summary>
public sealed class ReadYourWritesTests(PostgresCluster postgres)
{
    private const string Client = "/_matrix/client/v3/";
    private const int Rounds = 30;

    [Fact(Timeout = 180_000)]
    public async Task What_one_silo_was_told_the_other_tells()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await TestSilo.StartAsync(database);
        await using var two = await TestSilo.StartAsync(database);
        var alice = await one.RegisterAsync("alice");
        var bob = await two.RegisterAsync("bob");
        var made = await one.AskAsync(HttpMethod.Post, Client + "createRoom", alice, new JsonObject { ["preset"] = "public_chat" });
        var room = made["room_id"]!.GetValue<string>();
        await two.AskAsync(HttpMethod.Post, $"{Client}join/{room}", bob, []);
        var since = new Dictionary<string, string>();
        foreach (var user in (string[])[alice, bob])
            since[user] = (await one.AskAsync(HttpMethod.Get, Client + "sync", user))["next_batch"]!.GetValue<string>();
        for (var i = 0; i < Rounds; i++)
        {
            var (writing, reading) = i % 2 == 0 ? (one, two) : (two, one);
            var sent = (await writing.AskAsync(HttpMethod.Put, $"{Client}rooms/{room}/send/m.room.message/{i}", alice, Message($"{i}")))["event_id"]!;
            await writing.AskAsync(HttpMethod.Put, $"{Client}user/@bob:localhost/account_data/a.type", bob, new JsonObject { ["i"] = i });
            foreach (var user in (string[])[alice, bob])
            {
                var sync = await reading.AskAsync(HttpMethod.Get, $"{Client}sync?since={since[user]}", user);
                since[user] = sync["next_batch"]!.GetValue<string>();
                var events = sync["rooms"]!["join"]![room]!["timeline"]!["events"]!.AsArray();
                Assert.Equal([sent.GetValue<string>()], events.Select(e => e!["event_id"]!.GetValue<string>()));
                if (user == bob)
                {
                    var data = sync["account_data"]!["events"]!.AsArray().Single(e => e!["type"]!.GetValue<string>() == "a.type")!;
                    Assert.Equal(i, data["content"]!["i"]!.GetValue<int>());
                }
            }

            var page = await reading.AskAsync(HttpMethod.Get, $"{Client}rooms/{room}/messages?dir=b&limit=1", bob);
            Assert.Equal(sent.GetValue<string>(), page["chunk"]![0]!["event_id"]!.GetValue<string>());
        }
    }

    [Fact(Timeout = 180_000)]
    public async Task A_rate_holds_for_both_silos()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await TestSilo.StartAsync(database);
        await using var two = await TestSilo.StartAsync(database, "RateLimits:Enabled=true");
        await using var three = await TestSilo.StartAsync(database, "RateLimits:Enabled=true");
        var alice = await one.RegisterAsync("alice");

        // Inviting costs other people something: bursts of 50, then 5 in a second, so that some tokens come back while it is counted.
        var taken = 0;
        foreach (var silo in (TestSilo[])[two, three])
        {
            for (var i = 0; i < 100; i++)
            {
                using var answer = await silo.SendAsync(HttpMethod.Post, Client + "rooms/!none:localhost/invite", alice, JsonContent.Create(Invite()));
                taken += answer.StatusCode == System.Net.HttpStatusCode.TooManyRequests ? 0 : 1;
            }
        }

        Assert.InRange(taken, 50, 99);
    }

    private static JsonObject Invite() => new() { ["user_id"] = "@bob:localhost" };

    private static JsonObject Message(string body) => new() { ["msgtype"] = "m.text", ["body"] = body };
}
