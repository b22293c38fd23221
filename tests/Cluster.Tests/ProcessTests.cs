using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>A cluster of processes, which may be the published executable: keys, media, a gateway, TLS between them.</summary>
public sealed class ProcessTests(PostgresCluster postgres)
{
    [Fact(Timeout = 240_000)]
    public async Task Two_silos_and_a_gateway_are_one_server()
    {
        using var folder = new TemporaryFolder();
        using var authority = new ClusterAuthority(folder.Path, "own");
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await StartAsync("one", "all");
        await using var two = await StartAsync("two", "all");
        await using var gateway = await StartAsync("gateway", "gateway");
        MatrixHttp[] all = [new(one.Http), new(two.Http), new(gateway.Http)];
        Assert.Single((await Task.WhenAll(all.Select(static server => server.PublishedKeyAsync()))).Distinct());

        var token = await all[2].RegisterAsync("alice");
        var room = (await all[0].AskAsync(HttpMethod.Post, "/_matrix/client/v3/createRoom", token, []))["room_id"]!.GetValue<string>();
        byte[] content = [.. new byte[IContentPieces.PieceSize], 1, 2, 3];
        var id = await all[2].UploadAsync(token, content);
        for (var i = 0; i < all.Length; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"/_matrix/client/v3/rooms/{room}/send/m.room.message/{i}");
            await all[i].AskAsync(HttpMethod.Put, path, token, new JsonObject { ["msgtype"] = "m.text", ["body"] = "hi" });
            using var media = await all[i].SendAsync(HttpMethod.Get, $"/_matrix/client/v1/media/download/{id}", token);
            Assert.Equal(content, await media.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }

        var page = await all[2].AskAsync(HttpMethod.Get, $"/_matrix/client/v3/rooms/{room}/messages?dir=b&limit=3", token);
        Assert.All(page["chunk"]!.AsArray(), static message => Assert.Equal("m.room.message", message!["type"]!.GetValue<string>()));

        Task<SiloProcess> StartAsync(string name, string role) => SiloProcess.StartAsync(
            folder.File(name),
            database,
            authority.Settings(name).Append($"Cluster:Role={role}").Append("KeySecret=0123456789abcdef0123456789abcdef")
                .Select(static setting => setting.Split('='))
                .ToDictionary(static pair => "Matrix__" + pair[0].Replace(":", "__", StringComparison.Ordinal), static pair => pair[1]));
    }
}
