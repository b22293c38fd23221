using System.Net;
using System.Security.Cryptography;
using Npgsql;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>Media of another server that one silo fetches go to the clients of all while they come (ADR 0124).</summary>
public sealed class FollowedMediaTests(PostgresCluster postgres)
{
    // A piece of the database and the beginning of the next.
    private const int First = IContentPieces.PieceSize + 1000;
    private const int Length = (3 * IContentPieces.PieceSize) + 1000;
    private readonly byte[] _content = RandomNumberGenerator.GetItems("abcdefghijklmnop"u8, Length);

    [Theory(Timeout = 120_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_silos_and_gateways_follow_one_download(bool hasFolder)
    {
        // The last byte of a known length is read from where the whole is stored.
        var server = new HeldServer(Length);
        var database = await postgres.CreateDatabaseAsync();
        using var folder = new TemporaryFolder();
        string[] settings = hasFolder ? [$"Media:Folder={folder.Path}"] : [];
        await using var one = await TestSilo.StartAsync(database, server.ReachedBy("one"), settings);
        await using var two = await TestSilo.StartAsync(database, server.ReachedBy("two"), settings);
        await using var gateway = await TestSilo.StartAsync(database, [.. settings, "Cluster:Role=gateway"]);
        var token = await one.RegisterAsync("alice");
        var asking = new[] { one, two, gateway }.Select(side => side.SendAsync(HttpMethod.Get, HeldServer.Path, token)).ToList();
        var file = await server.NextAsync();
        await file.SendAsync(_content.AsMemory(0, First));
        var answers = await Task.WhenAll(asking);
        var bodies = await Task.WhenAll(answers.Select(answer => ReadFirstAsync(answer, Length)));
        Assert.Equal(0L, await CountAsync(database, "media_contents WHERE name IS NOT NULL"));

        await file.EndAsync(_content.AsMemory(First));
        foreach (var body in bodies)
            Assert.Equal(_content[First..], await ReadAsync(body));
        using (var stored = await two.SendAsync(HttpMethod.Get, HeldServer.Path, token))
            Assert.Equal(_content, await stored.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(0, server.Waiting);
        Assert.Equal(hasFolder ? 0L : 4L, await CountAsync(database, "media_pieces"));
        foreach (var answer in answers)
            answer.Dispose();
    }

    [Theory(Timeout = 120_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_the_silo_that_fetches_goes_the_answers_of_others_break_off_and_the_next_is_fetched_anew(bool suddenly)
    {
        var server = new HeldServer();
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await TestSilo.StartAsync(database, server.ReachedBy("one"));
        await using var two = await TestSilo.StartAsync(database, server.ReachedBy("two"));
        var token = await one.RegisterAsync("alice");
        var asking = new[] { one, two }.Select(side => side.SendAsync(HttpMethod.Get, HeldServer.Path, token)).ToList();
        var file = await server.NextAsync();
        await file.SendAsync(_content.AsMemory(0, First));
        var answers = await Task.WhenAll(asking);
        var bodies = await Task.WhenAll(answers.Select(answer => ReadFirstAsync(answer, null)));
        var (going, staying, body) = file.Silo == "one" ? (one, two, bodies[1]) : (two, one, bodies[0]);
        if (suddenly)
            await going.CrashAsync();
        else
            await going.DisposeAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => ReadAsync(body));

        var again = staying.SendAsync(HttpMethod.Get, HeldServer.Path, token);
        file = await server.NextAsync();
        await file.EndAsync(_content);
        using var whole = await again;
        Assert.Equal(_content, await whole.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(4L, await CountAsync(database, "media_pieces JOIN media_contents USING (upload) WHERE name IS NOT NULL"));
        if (!suddenly)
            Assert.Equal(0L, await CountAsync(database, "media_contents WHERE name IS NULL"));
        foreach (var answer in answers)
            answer.Dispose();
    }

    private async Task<Stream> ReadFirstAsync(HttpResponseMessage answer, long? length)
    {
        Assert.Equal((HttpStatusCode.OK, length), (answer.StatusCode, answer.Content.Headers.ContentLength));
        var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var first = new byte[First];
        await body.ReadExactlyAsync(first, TestContext.Current.CancellationToken);
        Assert.Equal(_content[..First], first);
        return body;
    }

    private static async Task<byte[]> ReadAsync(Stream body)
    {
        using var read = new MemoryStream();
        await body.CopyToAsync(read, TestContext.Current.CancellationToken);
        return read.ToArray();
    }

    private static async Task<long> CountAsync(string database, string what)
    {
        await using var source = NpgsqlDataSource.Create(database + ";Pooling=false");
        await using var command = source.CreateCommand($"SELECT count(*) FROM {what}");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
