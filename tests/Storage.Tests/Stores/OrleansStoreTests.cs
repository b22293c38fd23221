using OrleansMatrix.Storage.Tests.Backends;

namespace OrleansMatrix.Storage.Tests.Stores;

/// <summary>What Orleans keeps in the server's storage on SQLite; on PostgreSQL its own providers do.</summary>
public sealed class OrleansStoreTests() : StoreTests(new SqliteBackend())
{
    [Fact]
    public async Task Reminders_are_guarded_by_their_etag()
    {
        var row = new ReminderRow("room/!a", "typing", 5, 60_000, "");
        var first = await Storage.Reminders.UpsertAsync(row);
        var second = await Storage.Reminders.UpsertAsync(row with { StartAt = 6 });

        Assert.NotEqual(first, second);
        Assert.Equal(row with { StartAt = 6, ETag = second }, Assert.Single(await Storage.Reminders.OfAsync("room/!a")));
        await Storage.Reminders.UpsertAsync(row with { GrainId = "room/!b" });
        Assert.False(await Storage.Reminders.DeleteAsync("room/!a", "typing", first));
        Assert.False(await Storage.Reminders.DeleteAsync("room/!a", "typing", "x"));
        Assert.Equal(2, (await Storage.Reminders.AllAsync()).Count);
        Assert.True(await Storage.Reminders.DeleteAsync("room/!a", "typing", second));
        Assert.Empty(await Storage.Reminders.OfAsync("room/!a"));
        Assert.Single(await Storage.Reminders.OfAsync("room/!b"));
    }

    [Fact]
    public async Task Grain_state_is_written_in_the_place_of_the_version_that_was_read()
    {
        Assert.Null(await Storage.GrainStates.GetAsync("uia", "a"));
        Assert.Equal(1, await Storage.GrainStates.PutAsync("uia", "a", Json("1"), null));
        Assert.Null(await Storage.GrainStates.PutAsync("uia", "a", Json("2"), null));
        Assert.Equal(2, await Storage.GrainStates.PutAsync("uia", "a", Json("2"), 1));
        Assert.Null(await Storage.GrainStates.PutAsync("uia", "a", Json("3"), 1));
        Assert.Equal(1, await Storage.GrainStates.PutAsync("other", "a", Json("4"), null));
        var row = await Storage.GrainStates.GetAsync("uia", "a");
        Assert.Equal(("2", 2), (Text(row!.Payload), row.Version));
        Assert.False(await Storage.GrainStates.DeleteAsync("uia", "a", 1));
        Assert.True(await Storage.GrainStates.DeleteAsync("uia", "a", 2));
        Assert.Null(await Storage.GrainStates.GetAsync("uia", "a"));
        Assert.NotNull(await Storage.GrainStates.GetAsync("other", "a"));
    }
}
