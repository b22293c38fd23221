using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrleansMatrix.Federation.Signing;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>A process that only answers requests, by calls to silos that only have grains (ADR 0092).</summary>
public sealed class GatewayTests(PostgresCluster postgres)
{
    private const string Client = "/_matrix/client/v3/";

    [Fact(Timeout = 120_000)]
    public async Task A_gateway_answers_and_a_silo_does_not()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await TestSilo.StartAsync(database, "Cluster:Role=silo", "Telemetry:Metrics=true");
        await using var gateway = await TestSilo.StartAsync(database + ";Application Name=gateway", "Cluster:Role=gateway", "Telemetry:Metrics=true");
        var token = await gateway.RegisterAsync("alice");
        var room = (await gateway.AskAsync(HttpMethod.Post, Client + "createRoom", token, []))["room_id"]!.GetValue<string>();
        await SendAsync(gateway, token, room);
        var sync = await gateway.AskAsync(HttpMethod.Get, Client + "sync", token);
        var last = sync["rooms"]!["join"]![room]!["timeline"]!["events"]!.AsArray()[^1]!;
        Assert.Equal("hi", last["content"]!["body"]!.GetValue<string>());
        Assert.StartsWith("ed25519:", await gateway.PublishedKeyAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(gateway, "/_matrix/federation/v1/event/$x"));

        // No silo can tell a gateway that a session ended: it asks each time.
        await gateway.AskAsync(HttpMethod.Post, Client + "logout", token, []);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(gateway, Client + "account/whoami", token));

        foreach (var path in new[] { "/health", "/health/live", "/health/ready", "/health/start", "/metrics" })
            Assert.Equal((path, HttpStatusCode.OK, HttpStatusCode.OK), (path, await StatusAsync(silo, path), await StatusAsync(gateway, path)));
        foreach (var path in new[] { "/_matrix/client/versions", "/", "/_matrix/key/v2/server" })
            Assert.Equal((path, HttpStatusCode.NotFound, HttpStatusCode.OK), (path, await StatusAsync(silo, path), await StatusAsync(gateway, path)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(gateway.File("")));

        // The list of silos, and how it is asked for.
        await using var source = NpgsqlDataSource.Create(database + ";Pooling=false");
        await using var command = source.CreateCommand(
            "SELECT count(*) FILTER (WHERE query !~ 'orleans_?(query|membership)'), count(*) FROM pg_stat_activity WHERE application_name = 'gateway'");
        await using var row = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        Assert.True(await row.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal((0L, 1L), (row.GetInt64(0), row.GetInt64(1)));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_gateway_knows_who_sent_a_request_of_another_server()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await TestSilo.StartAsync(database, "Cluster:Role=silo");
        await using var gateway = await TestSilo.StartAsync(database, "Cluster:Role=gateway");
        await gateway.RegisterAsync("alice");
        var (peer, key) = (ServerName.Parse("peer.test"), SigningKey.Generate(new SystemRandom()));
        var storage = silo.App.Services.GetRequiredService<IStorage>();
        var unit = new WriteUnit();
        var until = TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
        storage.Servers.PutKey(unit, new ServerKeyRow(peer.Value, key.KeyId, key.VerifyKey.PublicKey.ToArray(), until, false, 0));
        await storage.CommitAsync(unit);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(peer, key));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(peer, SigningKey.FromSeed(key.KeyId["ed25519:".Length..], new byte[32])));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(ServerName.Parse("localhost"), key));

        async Task<HttpStatusCode> AskAsync(ServerName origin, SigningKey with)
        {
            const string Target = "/_matrix/federation/v1/query/profile?user_id=%40alice%3Alocalhost";
            using var request = new HttpRequestMessage(HttpMethod.Get, Target);
            request.Headers.TryAddWithoutValidation(
                "Authorization", RequestSigning.Sign("GET", Target, origin, ServerName.Parse("localhost"), default, with).Value);
            using var answer = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Media_go_through_a_gateway()
    {
        TestPictures.NeedThumbnails();
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await TestSilo.StartAsync(database);
        await using var gateway = await TestSilo.StartAsync(database, "Cluster:Role=gateway");
        var token = await gateway.RegisterAsync("alice");
        byte[] content = [.. TestPictures.Png(900, 700), .. new byte[2 * IContentPieces.PieceSize]];
        var id = await gateway.UploadAsync(token, content, "image/png");
        foreach (var side in new[] { silo, gateway })
        {
            using var whole = await side.SendAsync(HttpMethod.Get, $"/_matrix/client/v1/media/download/{id}", token);
            Assert.Equal(content, await whole.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
            using var small = await side.SendAsync(HttpMethod.Get, $"/_matrix/client/v1/media/thumbnail/{id}?width=32&height=32&method=crop", token);
            Assert.Equal((HttpStatusCode.OK, "image/png"), (small.StatusCode, small.Content.Headers.ContentType?.MediaType));
        }

        using var none = await gateway.SendAsync(HttpMethod.Get, "/_matrix/client/v1/media/download/localhost/none", token);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(gateway.File("")));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_gateway_waits_for_the_first_silo()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var gateway = TestSilo.Create(database, "Cluster:Role=gateway");
        var starting = gateway.StartAsync();
        await using var silo = await TestSilo.StartAsync(database, "Cluster:Role=silo");
        await starting;
        Assert.NotEmpty(await gateway.RegisterAsync("alice"));
    }

    /// <summary>Orleans itself tells its clients nothing of a silo's death: they would wait for half a minute.</summary>
    [Theory(Timeout = 240_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_silo_held_that_is_gone_is_answered_for_through_the_gateway(bool isFrozen)
    {
        var database = await postgres.CreateDatabaseAsync();
        using var data = new TemporaryFolder();
        await using var staying = await SiloProcess.StartAsync(data.Path, database);
        await using var going = await SiloProcess.StartAsync(data.Path, database);
        await using var gateway = await TestSilo.StartAsync(database, "Cluster:Role=gateway");
        var token = await gateway.RegisterAsync("alice");
        var rooms = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            // A room lives on the silo that was asked for it.
            using var made = await gateway.SendAsync(
                HttpMethod.Post, new Uri((i % 2 == 0 ? staying : going).Url, Client + "createRoom"), token, JsonContent.Create(new JsonObject()));
            rooms.Add((await TestSilo.ReadAsync(made))["room_id"]!.GetValue<string>());
        }

        var since = (await gateway.AskAsync(HttpMethod.Get, Client + "sync", token))["next_batch"]!.GetValue<string>();
        var waiting = gateway.AskAsync(HttpMethod.Get, $"{Client}sync?since={since}&timeout=50000", token);

        if (isFrozen)
            await going.SignalAsync("STOP");
        else
            await going.KillAsync();
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(rooms.Select(room => SendAsync(gateway, token, room)));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(25));
        TestContext.Current.TestOutputHelper?.WriteLine($"the last of {rooms.Count} rooms answered after {clock.Elapsed}");

        // A poll that was under way sees it too.
        Assert.NotNull((await waiting)["rooms"]);
    }

    private static async Task SendAsync(TestSilo gateway, string token, string room)
    {
        HttpStatusCode status;
        do
        {
            var body = JsonContent.Create(new JsonObject { ["msgtype"] = "m.text", ["body"] = "hi" });
            using var answer = await gateway.SendAsync(HttpMethod.Put, $"{Client}rooms/{room}/send/m.room.message/1", token, body);
            status = answer.StatusCode;
        }
        while (status == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.OK, status);
    }

    private static async Task<HttpStatusCode> StatusAsync(TestSilo silo, string path, string? token = null)
    {
        using var answer = await silo.SendAsync(HttpMethod.Get, path, token);
        return answer.StatusCode;
    }
}
