using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

/// <summary>The content of media; only PostgreSQL keeps it.</summary>
public sealed class ContentStoreTests(PostgresCluster cluster) : StoreTests(new PostgresBackend(cluster))
{
    private IContentStore Contents => Storage.Contents!;

    [Fact]
    public async Task Content_appears_under_its_name_when_it_is_whole()
    {
        await UploadAsync("up", "one", "two");
        Assert.Null(await Contents.FindAsync("name"));
        await Contents.CompleteAsync("up", "name", 6);

        // Repeated, as after a connection that broke in between.
        await Contents.BeginAsync("up", 2);
        await Contents.PutAsync("up", 1, Json("two"));
        await Contents.CompleteAsync("up", "name", 6);
        await Contents.DiscardAsync("up");
        Assert.Equal(new ContentRow("up", 6), await Contents.FindAsync("name"));
        Assert.Equal(("one", "two"), (Text(await Contents.ReadAsync("up", 0)), Text(await Contents.ReadAsync("up", 1))));
        Assert.Null(await Contents.ReadAsync("up", 2));
    }

    [Fact]
    public async Task Content_that_is_completed_many_times_at_once_is_kept_once()
    {
        var uploads = Enumerable.Range(0, 8).Select(static i => $"up{i}").ToList();
        foreach (var upload in uploads)
            await UploadAsync(upload, "same");
        await Task.WhenAll(uploads.Select(upload => Contents.CompleteAsync(upload, "name", 4)));
        var kept = (await Contents.FindAsync("name"))!.Upload;
        foreach (var upload in uploads)
        {
            await Contents.DiscardAsync(upload);
            Assert.Equal(upload == kept ? "same" : null, Text(await Contents.ReadAsync(upload, 0)));
        }
    }

    [Fact]
    public async Task What_nobody_completed_is_deleted_after_a_time()
    {
        await UploadAsync("done", "1");
        await Contents.CompleteAsync("done", "name", 1);
        await UploadAsync("left", "2");
        await Contents.DeleteAbandonedAsync(1);
        Assert.Equal("2", Text(await Contents.ReadAsync("left", 0)));
        await Contents.DeleteAbandonedAsync(2);
        Assert.Null(await Contents.ReadAsync("left", 0));
        Assert.Equal("1", Text(await Contents.ReadAsync("done", 0)));

        await Assert.ThrowsAnyAsync<Exception>(() => Contents.CompleteAsync("left", "late", 1));
        Assert.Null(await Contents.FindAsync("late"));
    }

    private async Task UploadAsync(string upload, params string[] pieces)
    {
        await Contents.BeginAsync(upload, 1);
        for (var i = 0; i < pieces.Length; i++)
            await Contents.PutAsync(upload, i, Json(pieces[i]));
    }
}
