using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Postgres;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>A silo that loses its database acknowledges nothing, and goes on by itself when it is back (ADR 0101).</summary>
public sealed class DatabaseLossTests(PostgresCluster postgres)
{
    private const string Client = "/_matrix/client/v3/";

    [Fact(Timeout = 180_000)]
    public async Task A_silo_without_its_database_answers_503_and_comes_back()
    {
        var database = await postgres.CreateDatabaseAsync();
        using var link = new DatabaseLink(database);
        await using var cut = await TestSilo.StartAsync(link.Database);
        await using var other = await TestSilo.StartAsync(database);
        var alice = await other.RegisterAsync("alice");
        var rooms = new List<string>();
        while (await SilosWithRoomsAsync(other) < 2)
            rooms.Add((await (rooms.Count % 2 == 0 ? cut : other).AskAsync(HttpMethod.Post, Client + "createRoom", alice, []))["room_id"]!.GetValue<string>());
        foreach (var room in rooms)
            Assert.Equal(HttpStatusCode.OK, await SendAsync(cut, room, alice, "before"));

        link.Cut();
        var first = await SendAllAsync();
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable], first.Distinct().Order());
        for (var round = 0; round < 3; round++)
            Assert.Equal(first, await SendAllAsync());

        using (var page = await cut.SendAsync(HttpMethod.Get, $"{Client}rooms/{rooms[0]}/messages?dir=b", alice))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, page.StatusCode);
        using (var ready = await cut.SendAsync(HttpMethod.Get, "/health/ready"))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);

        link.Mend();
        foreach (var room in rooms)
        {
            while (await SendAsync(other, room, alice, "meanwhile") is var status && status != HttpStatusCode.OK)
                Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.Equal(HttpStatusCode.OK, await SendAsync(cut, room, alice, "after"));
            var page = await cut.AskAsync(HttpMethod.Get, $"{Client}rooms/{room}/messages?dir=b&limit=3", alice);
            Assert.Equal(["after", "meanwhile", "before"], page["chunk"]!.AsArray().Select(e => e!["content"]!["body"]!.GetValue<string>()));
        }

        // A room lives on one of the silos: those of the other one are none the worse for it.
        Task<HttpStatusCode[]> SendAllAsync() => Task.WhenAll(rooms.Select(room => SendAsync(other, room, alice, "meanwhile")));
    }

    /// <summary>After a while without commits it locks the head of the stream, which all commits pass, in a round trip of its own.</summary>
    [Fact(Timeout = 120_000)]
    public async Task A_silo_that_stands_still_within_a_commit_does_not_stop_the_others()
    {
        var time = new FakeTimeProvider();
        var database = await postgres.CreateDatabaseAsync();
        using var link = new DatabaseLink(database);
        await using var standing = PostgresStorage.Open(link.Database, time, NullLoggerFactory.Instance);
        await using var other = PostgresStorage.Open(database, TimeProvider.System, NullLoggerFactory.Instance);
        await standing.MigrateAsync(TestContext.Current.CancellationToken);
        await other.MigrateAsync(TestContext.Current.CancellationToken);
        await CommitAsync(standing);

        time.Advance(TimeSpan.FromSeconds(2));
        link.HoldAnswers();
        var held = CommitAsync(standing);
        await using var watching = NpgsqlDataSource.Create(database + ";Pooling=false");
        await using var isHeld = watching.CreateCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()");
        while ((long)(await isHeld.ExecuteScalarAsync(TestContext.Current.CancellationToken))! == 0)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Equal(2, await CommitAsync(other));

        link.LetAnswersGo();

        // It finds out that its session is gone, by what the database said or only by the broken connection.
        var next = 3;
        if (await Record.ExceptionAsync(() => held) is { } failure) Assert.IsType<StorageUnavailableException>(failure);
        else Assert.Equal(next++, await held);
        Assert.Equal(next, await CommitAsync(standing));
        await standing.Feed.WaitForAsync(next, TestContext.Current.CancellationToken);
    }

    /// <summary>What it had sent is whole: it is committed, and others go on behind it.</summary>
    [Fact(Timeout = 120_000)]
    public async Task A_silo_that_stands_still_after_a_commit_in_one_round_trip_has_committed()
    {
        var database = await postgres.CreateDatabaseAsync();
        using var link = new DatabaseLink(database);
        await using var standing = PostgresStorage.Open(link.Database, new FakeTimeProvider(), NullLoggerFactory.Instance);
        await using var other = PostgresStorage.Open(database, TimeProvider.System, NullLoggerFactory.Instance);
        await standing.MigrateAsync(TestContext.Current.CancellationToken);
        await other.MigrateAsync(TestContext.Current.CancellationToken);
        await CommitAsync(standing);

        link.HoldAnswers();
        var held = CommitAsync(standing);
        await other.Feed.WaitForAsync(2, TestContext.Current.CancellationToken);
        Assert.Equal(3, await CommitAsync(other));
        Assert.False(held.IsCompleted);

        link.LetAnswersGo();
        Assert.Equal(2, await held);
        await standing.Feed.WaitForAsync(3, TestContext.Current.CancellationToken);
    }

    // Where a room is placed is Orleans' choice, which may be the same silo for a while.
    private static async Task<int> SilosWithRoomsAsync(TestSilo silo)
    {
        var activations = await silo.App.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        return activations.Where(static activation => activation.GrainId.Type.Value.ToString() == "room").Select(static room => room.SiloAddress).Distinct().Count();
    }

    private static async Task<long> CommitAsync(IStorage storage)
    {
        var unit = new WriteUnit();
        unit.NextPosition(ChangeKind.RoomEvent, "!room:localhost");
        return (await storage.CommitAsync(unit)).FirstPosition;
    }

    /// <summary>Sends a message; a repetition of it is the same one.</summary>
    private static async Task<HttpStatusCode> SendAsync(TestSilo silo, string room, string token, string body)
    {
        var message = JsonContent.Create(new JsonObject { ["msgtype"] = "m.text", ["body"] = body });
        using var answer = await silo.SendAsync(HttpMethod.Put, $"{Client}rooms/{room}/send/m.room.message/{body}", token, message);
        return answer.StatusCode;
    }
}
