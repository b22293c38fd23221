using System.Threading.Channels;
using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Commits;

/// <summary>What only several silos on one PostgreSQL database can show.</summary>
public sealed class PostgresSilosTests(PostgresCluster cluster) : StoreTests(new PostgresBackend(cluster))
{
    private const string Disconnect = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

    [Fact]
    public async Task Silos_wake_each_other()
    {
        var other = await Backend.OpenAsync();
        var seen = Follow(other);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));   // by looking twice a second alone it would take 20, and more

        for (var i = 1; i <= 40; i++)
        {
            var key = $"!{i}:one.test";
            var committed = await CommitAsync(unit => unit.NextPosition(ChangeKind.RoomEvent, key));
            await other.Feed.WaitForAsync(committed.FirstPosition, patience.Token);
        }

        for (var i = 1; i <= 40; i++) Assert.Equal(new Change(i, ChangeKind.RoomEvent, $"!{i}:one.test"), await seen.ReadAsync(patience.Token));
    }

    [Fact]
    public async Task A_lost_notification_only_delays()
    {
        var seen = Follow(Storage);

        await Backend.ExecuteAsync(
            "UPDATE stream_head SET pos = pos + 1; INSERT INTO changes (pos, kind, key) SELECT pos, 1, '!silent:one.test' FROM stream_head");

        Assert.Equal(new Change(1, ChangeKind.RoomEvent, "!silent:one.test"), await seen.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_others_committed_comes_before_the_own_commit()
    {
        List<Change> seen = [];
        Storage.Feed.Subscribe(changes => seen.AddRange(changes.Span), Lost);
        var other = await Backend.OpenAsync();
        for (var i = 0; i < 10; i++)
        {
            var foreign = new WriteUnit();
            foreign.NextPosition(ChangeKind.Receipt, OtherRoom);
            await other.CommitAsync(foreign);

            await CommitAsync(unit => unit.NextPosition(ChangeKind.RoomEvent, Room));

            Assert.Equal(2 * (i + 1), Storage.Feed.Current);
            Assert.Equal(2 * (i + 1), seen.Count);
        }
        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), seen.Select(change => change.Position));
    }

    [Fact]
    public async Task What_one_silo_acknowledged_the_next_question_to_another_finds()
    {
        var other = await Backend.OpenAsync();
        for (var i = 0; i < 100; i++)
        {
            var committed = await CommitAsync(unit => unit.NextPosition(ChangeKind.RoomEvent, Room));
            await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
            {
                await other.Feed.CatchUpAsync(TestContext.Current.CancellationToken);
                Assert.True(other.Feed.Current >= committed.FirstPosition);
            }));
        }
    }

    [Fact]
    public async Task A_silo_that_missed_changes_for_good_is_told_so_before_it_goes_on()
    {
        var told = Channel.CreateUnbounded<string>();
        Storage.Feed.Subscribe(
            changes =>
            {
                foreach (var change in changes.Span) told.Writer.TryWrite($"{change.Position} {change.Key}");
            },
            upTo => told.Writer.TryWrite($"lost up to {upTo}"));

        await Backend.ExecuteAsync(
            "UPDATE stream_head SET pos = pos + 10; INSERT INTO changes (pos, kind, key) SELECT pos, 1, '!late:one.test' FROM stream_head");

        Assert.Equal("lost up to 9", await told.Reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal("10 !late:one.test", await told.Reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(11, (await CommitAsync(unit => unit.NextPosition(ChangeKind.RoomEvent, Room))).FirstPosition);
        Assert.Equal($"11 {Room}", await told.Reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Broken_connections_are_replaced_without_a_failure()
    {
        await AppendAsync(Event("$a"));
        await Storage.Events.GetAsync("$a");

        await Backend.ExecuteAsync(Disconnect);

        Assert.NotNull(await Storage.Events.GetAsync("$a"));
        Assert.Equal(2, await AppendAsync(Event("$b")));
        var other = await Backend.OpenAsync();
        await Backend.ExecuteAsync(Disconnect);
        Assert.Equal(3, await AppendAsync(Event("$c")));
        await other.Feed.WaitForAsync(3, TestContext.Current.CancellationToken);
    }

    private static ChannelReader<Change> Follow(IStorage storage)
    {
        var seen = Channel.CreateUnbounded<Change>();
        storage.Feed.Subscribe(
            changes =>
            {
                foreach (var change in changes.Span) seen.Writer.TryWrite(change);
            },
            Lost);
        return seen.Reader;
    }

    private static void Lost(long upTo) => Assert.Fail($"The changes up to {upTo} are lost");
}
