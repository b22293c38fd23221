using System.Net;
using System.Security.Cryptography;
using Npgsql;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>Media of one silo are read from the others (ADR 0091).</summary>
public sealed class MediaTests(PostgresCluster postgres)
{
    // Four pieces, the last one not whole.
    private static readonly byte[] s_large = Enumerable.Range(0, (3 * IContentPieces.PieceSize) + 1000).Select(static i => (byte)(i * 7 / 3)).ToArray();

    [Fact(Timeout = 120_000)]
    public async Task What_one_silo_stores_the_other_serves()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await TestSilo.StartAsync(database);
        await using var two = await TestSilo.StartAsync(database);
        var token = await one.RegisterAsync("alice");
        foreach (var content in (byte[][])[s_large, [1, 2, 3], [], s_large[..IContentPieces.PieceSize]])
        {
            var id = await one.UploadAsync(token, content);
            using var answer = await two.SendAsync(HttpMethod.Get, $"/_matrix/client/v1/media/download/{id}", token);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(content.Length, answer.Content.Headers.ContentLength);
            Assert.Equal(content, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }

        Assert.False(Directory.EnumerateFiles(one.File("media"), "*", SearchOption.AllDirectories).Any());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_thumbnail_is_made_by_one_silo_of_what_another_stored()
    {
        TestPictures.NeedThumbnails();
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await TestSilo.StartAsync(database);
        await using var two = await TestSilo.StartAsync(database);
        var token = await one.RegisterAsync("alice");
        var id = await one.UploadAsync(token, TestPictures.Png(900, 700), "image/png");
        var first = await ThumbnailAsync(two);
        Assert.Equal(first, await ThumbnailAsync(one));
        Assert.InRange(first.Length, 1, TestPictures.Png(900, 700).Length - 1);
        Assert.Equal(2L, await CountAsync(database, "media_contents WHERE name IS NOT NULL"));
        Assert.False(Directory.EnumerateFiles(two.File("media"), "*", SearchOption.AllDirectories).Any());

        async Task<byte[]> ThumbnailAsync(TestSilo silo)
        {
            using var answer = await silo.SendAsync(HttpMethod.Get, $"/_matrix/client/v1/media/thumbnail/{id}?width=32&height=32&method=crop", token);
            Assert.Equal((HttpStatusCode.OK, "image/png"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            return await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Equal_content_is_kept_once_and_what_is_refused_is_not_kept()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await TestSilo.StartAsync(database, $"Media:MaxUploadBytes={s_large.Length}");
        var token = await silo.RegisterAsync("alice");
        Assert.NotEqual(await silo.UploadAsync(token, s_large), await silo.UploadAsync(token, s_large));
        Assert.Equal(4L, await CountAsync(database, "media_pieces"));

        // Of unknown length, so that it is refused when some of it is stored.
        using var body = new StreamContent(new MemoryStream([.. s_large, 1]));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/_matrix/media/v3/upload") { Content = body };
        request.Headers.TransferEncodingChunked = true;
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await silo.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal((1L, 4L), (await CountAsync(database, "media_contents"), await CountAsync(database, "media_pieces")));
    }

    [Fact(Timeout = 120_000)]
    public async Task Silos_may_share_a_folder_instead()
    {
        var database = await postgres.CreateDatabaseAsync();
        using var folder = new TemporaryFolder();
        await using var one = await TestSilo.StartAsync(database, $"Media:Folder={folder.Path}");
        await using var two = await TestSilo.StartAsync(database, $"Media:Folder={folder.Path}");
        var token = await one.RegisterAsync("alice");
        var id = await one.UploadAsync(token, s_large);
        using var answer = await two.SendAsync(HttpMethod.Get, $"/_matrix/client/v1/media/download/{id}", token);
        Assert.Equal(s_large, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        var hash = Convert.ToHexStringLower(SHA256.HashData(s_large));
        Assert.Equal(s_large, await File.ReadAllBytesAsync(Path.Combine(folder.Path, hash[..2], hash), TestContext.Current.CancellationToken));
        Assert.Equal(0L, await CountAsync(database, "media_contents"));
    }

    private static async Task<long> CountAsync(string database, string what)
    {
        await using var source = NpgsqlDataSource.Create(database + ";Pooling=false");
        await using var command = source.CreateCommand($"SELECT count(*) FROM {what}");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
