using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
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

    /// <summary>What does not fit into a notification, or has a key that its lines cannot hold, is read.</summary>
    [Fact]
    public async Task Other_silos_are_told_of_groups_of_any_size_and_of_any_key()
    {
        var other = await Backend.OpenAsync();
        var seen = Follow(other);
        string[] keys = [.. Enumerable.Range(0, 500).Select(i => $"!{i}:one.test"), "!a\nb:one.test", "!nul\0\uFDD0:one.test", "", "! :one.test"];
        foreach (var group in (string[][])[keys[..100], keys[100..500], .. keys[500..].Select(key => (string[])[key])])
        {
            await CommitAsync(unit =>
            {
                foreach (var key in group) unit.NextPosition(ChangeKind.RoomEvent, key);
            });
        }

        for (var i = 0; i < keys.Length; i++)
            Assert.Equal(new Change(i + 1, ChangeKind.RoomEvent, keys[i]), await seen.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Connections_that_broke_while_they_were_idle_are_replaced_without_a_failure()
    {
        var time = new FakeTimeProvider();
        var idle = await Backend.OpenAsync(time);
        Assert.Equal(1, await AppendAsync(idle, "$a"));
        await idle.Events.GetAsync("$a");

        time.Advance(TimeSpan.FromSeconds(2));
        await Backend.ExecuteAsync(Disconnect);

        Assert.NotNull(await idle.Events.GetAsync("$a"));
        Assert.Equal(2, await AppendAsync(idle, "$b"));
        time.Advance(TimeSpan.FromSeconds(2));
        await Backend.ExecuteAsync(Disconnect);
        Assert.Equal(3, await AppendAsync(idle, "$c"));
        await Storage.Feed.WaitForAsync(3, TestContext.Current.CancellationToken);
    }

    /// <summary>Whether a commit on a connection that breaks was done may not be known. It is told so, and the next one goes through.</summary>
    [Fact]
    public async Task A_connection_that_breaks_in_use_fails_no_more_than_the_commit_that_is_on_it()
    {
        List<Change> seen = [];
        Storage.Feed.Subscribe(changes => seen.AddRange(changes.Span), Lost);
        Dictionary<string, long> acknowledged = [];
        for (var round = 0; round < 10; round++)
        {
            var committing = AppendAsync(Storage, $"$in-use-{round}");
            await Backend.ExecuteAsync(Disconnect);
            try
            {
                acknowledged[$"$in-use-{round}"] = await committing;
            }
            catch (StorageUnavailableException)
            {
                // Not known.
            }
            try
            {
                acknowledged[$"$broken-{round}"] = await AppendAsync(Storage, $"$broken-{round}");
            }
            catch (StorageUnavailableException)
            {
                acknowledged[$"$next-{round}"] = await AppendAsync(Storage, $"$next-{round}");
            }
        }

        foreach (var (eventId, position) in acknowledged)
            Assert.Equal(position, (await Storage.Events.GetAsync(eventId))?.Position);
        var end = await AppendAsync(Storage, "$end");
        Assert.Equal(Enumerable.Range(1, (int)end).Select(i => (long)i), seen.Select(change => change.Position));
    }

    private static async Task<long> AppendAsync(IStorage storage, string eventId)
    {
        var unit = new WriteUnit();
        storage.Events.AppendLive(unit, Event(eventId), unit.NextPosition(ChangeKind.RoomEvent, Room));
        return (await storage.CommitAsync(unit)).FirstPosition;
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
