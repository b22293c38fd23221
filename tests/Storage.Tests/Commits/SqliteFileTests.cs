using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Commits;

/// <summary>The SQLite file itself.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Only_the_owner_can_read_the_file_and_its_log()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no Unix modes");
            return;
        }
        await using var storage = await OpenAsync();
        await CommitAsync(storage, 1);

        foreach (var file in Directory.GetFiles(_folder.Path)) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task What_was_committed_is_there_after_reopening()
    {
        await using (var storage = await OpenAsync()) await CommitAsync(storage, 100);

        await using var reopened = await OpenAsync();

        Assert.Equal(100, reopened.Feed.Current);
        Assert.Equal(100, (await reopened.Events.RangeAsync("!a:one.test", HistoryOrder.Start, HistoryOrder.End, Direction.Forward, 1000)).Count);
    }

    [Fact]
    public async Task Closing_commits_what_waits_and_refuses_what_comes_after()
    {
        var storage = await OpenAsync();
        var commits = Enumerable.Range(0, 200).Select(i => storage.CommitAsync(Unit(storage, i))).ToArray();

        await storage.DisposeAsync();

        await Task.WhenAll(commits);
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => storage.CommitAsync(Unit(storage, 999)));
        await using var reopened = await OpenAsync();
        Assert.Equal(200, reopened.Feed.Current);
    }

    [Fact]
    public void A_folder_that_is_missing_is_said_clearly()
    {
        var error = Assert.ThrowsAny<Exception>(() => SqliteStorage.Open(_folder.File("none/matrix.db"), TimeProvider.System, NullLoggerFactory.Instance));
        Assert.Contains("none/matrix.db", error.Message, StringComparison.Ordinal);
    }

    private async Task<IStorage> OpenAsync()
    {
        var storage = SqliteStorage.Open(_folder.File("matrix.db"), TimeProvider.System, NullLoggerFactory.Instance);
        await storage.MigrateAsync(TestContext.Current.CancellationToken);
        return storage;
    }

    private static async Task CommitAsync(IStorage storage, int count)
    {
        for (var i = 0; i < count; i++) await storage.CommitAsync(Unit(storage, i));
    }

    private static WriteUnit Unit(IStorage storage, int number)
    {
        var unit = new WriteUnit();
        var row = new EventRow
        {
            EventId = $"${number}",
            RoomId = "!a:one.test",
            Type = "m.room.message",
            Sender = "@a:one.test",
            Depth = number,
            OriginServerTs = number,
            Json = "{}"u8.ToArray(),
        };
        storage.Events.AppendLive(unit, row, unit.NextPosition(ChangeKind.RoomEvent, row.RoomId));
        return unit;
    }
}
