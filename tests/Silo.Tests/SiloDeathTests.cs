using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Silo.Tests.SiloRequests;

namespace OrleansMatrix.Silo.Tests;

/// <summary>Two silos on one database, one of which dies or stands still: the other answers for what it held (ADR 0081).</summary>
public sealed class SiloDeathTests
{
    private const int Rooms = 12;

    [Theory(Timeout = 300_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_other_silo_answers_for_all_rooms_of_one_that_is_gone(bool isFrozen)
    {
        await using var postgres = await PostgresCluster.StartAsync();
        using var data = new TemporaryFolder();
        var database = await postgres.CreateDatabaseAsync();
        await using var staying = await SiloProcess.StartAsync(data.Path, database);
        await using var going = await SiloProcess.StartAsync(data.Path, database);
        var (_, token) = await RegisterAsync(staying, "alice");
        var rooms = new List<string>();
        for (var i = 0; i < Rooms; i++)
            rooms.Add((await Ask(i % 2 == 0 ? staying : going, token, HttpMethod.Post, "createRoom", []))["room_id"]!.GetValue<string>());

        if (isFrozen)
            await going.SignalAsync("STOP");
        else
            await going.KillAsync();
        var since = Stopwatch.StartNew();
        var waits = await Task.WhenAll(rooms.Select(async room =>
        {
            var again = await SendAsync(staying, token, room);
            return (since.Elapsed, again);
        }));
        TestContext.Current.TestOutputHelper?.WriteLine($"the last of {Rooms} rooms answered after {waits.Max()}");
        if (!isFrozen)
            return;

        // It finds out that it was given up, and ends: its rooms have other owners.
        await going.SignalAsync("CONT");
        Assert.NotEqual(0, await going.EndAsync());
        foreach (var room in rooms)
        {
            await Ask(staying, token, HttpMethod.Put, $"rooms/{room}/send/m.room.message/2", Message("at last"));
            var page = await Ask(staying, token, HttpMethod.Get, $"rooms/{room}/messages?dir=b&limit=2");
            Assert.Equal(["at last", "after"], page["chunk"]!.AsArray().Select(e => e!["content"]!["body"]!.GetValue<string>()));
        }
    }

    /// <summary>Sends as a client does, which comes again when it is told to (503); how often it was. Any other refusal fails the test.</summary>
    private static async Task<int> SendAsync(SiloProcess silo, string token, string room)
    {
        for (var again = 0; ; again++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"/_matrix/client/v3/rooms/{room}/send/m.room.message/1");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Content = JsonContent.Create(Message("after"));
            using var answer = await silo.Http.SendAsync(request);
            if (answer.IsSuccessStatusCode)
                return again;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        }
    }

    private static JsonObject Message(string body) => new() { ["msgtype"] = "m.text", ["body"] = body };
}
