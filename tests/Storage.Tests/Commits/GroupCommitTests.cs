using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Commits;

public abstract class GroupCommitTests(Backend backend) : StoreTests(backend)
{
    [Fact]
    public async Task A_failing_unit_does_not_fail_its_neighbours()
    {
        const int units = 300;
        await CommitAsync(unit => Storage.Events.AddTransaction(unit, Alice, "D", Room, "taken", "$x", 1));

        var commits = Enumerable.Range(0, units).Select(i => CommitAsync(unit =>
        {
            Storage.Events.AppendLive(unit, Event($"${i}"), unit.NextPosition(ChangeKind.RoomEvent, Room));
            Storage.Events.AddTransaction(unit, Alice, "D", Room, i % 50 == 7 ? "taken" : $"t{i}", $"${i}", 1);
        })).ToArray();
        await Task.WhenAll(commits).ContinueWith(_ => { }, TestContext.Current.CancellationToken, TaskContinuationOptions.None, TaskScheduler.Default);

        var failed = commits.Index().Where(commit => commit.Item.IsFaulted).ToArray();
        Assert.Equal([7, 57, 107, 157, 207, 257], failed.Select(commit => commit.Index));
        Assert.All(failed, commit => Assert.IsType<ConflictException>(commit.Item.Exception!.InnerException));
        // Those that were committed have positions without holes, in the order of their commits.
        Assert.Equal(Enumerable.Range(1, units - 6).Select(i => (long)i),
            commits.Where(commit => !commit.IsFaulted).Select(commit => commit.Result.FirstPosition));
        var stored = await Storage.Events.RangeAsync(Room, HistoryOrder.Start, HistoryOrder.End, Direction.Forward, 1000);
        Assert.Equal(Enumerable.Range(0, units).Where(i => i % 50 != 7).Select(i => $"${i}"), stored.Select(row => row.EventId));
        Assert.Equal(units - 6, Storage.Feed.Current);
    }

    [Fact]
    public async Task Of_two_units_with_one_transaction_id_in_flight_one_wins()
    {
        for (var round = 0; round < 20; round++)
        {
            var commits = Enumerable.Range(0, 4).Select(i => CommitAsync(unit =>
            {
                Storage.Events.AppendLive(unit, Event($"${round}-{i}"), unit.NextPosition(ChangeKind.RoomEvent, Room));
                Storage.Events.AddTransaction(unit, Alice, "D", Room, $"{round}", $"${round}-{i}", 1);
            })).ToArray();
            foreach (var lost in commits[1..]) await Assert.ThrowsAsync<ConflictException>(() => lost);
            Assert.Equal(round + 1, (await commits[0]).FirstPosition);
        }
    }

    [Fact]
    public async Task Later_units_see_what_earlier_ones_of_their_group_did()
    {
        RoomRow Row(int depth) => new(Room, "12", new StateNodeId((UInt128)depth), [$"${depth}"], depth, 0);
        List<Task> commits = [];
        for (var i = 1; i <= 60; i++)
        {
            var number = i;
            commits.Add(CommitAsync(unit =>
            {
                var slot = unit.NextPosition(ChangeKind.RoomEvent, Room);
                Storage.Events.AppendLive(unit, Event($"${number}"), slot);
                if (number > 1) Storage.Events.Redact(unit, $"${number - 1}", Json("{}"), $"${number}");
                Storage.Rooms.Put(unit, Row(number), number % 3 == 0 ? null : slot);
                Storage.ToDevice.DeleteUpTo(unit, Alice, "D", long.MaxValue);
                Storage.ToDevice.Put(unit, new ToDeviceRow(Alice, "D", Json($"{number}"), 0), unit.NextPosition(ChangeKind.ToDevice, Alice));
            }));
        }
        await Task.WhenAll(commits);

        var room = await Storage.Rooms.GetAsync(Room);
        Assert.Equal((60, 59 * 2 - 1), (room!.Depth, room.LastPosition));
        Assert.Equal(["$60"], room.Extremities);
        Assert.All(Enumerable.Range(1, 59), i => Assert.Equal($"${i + 1}", Storage.Events.GetAsync($"${i}").AsTask().Result!.RedactedBy));
        Assert.Equal("60", Text(Assert.Single(await Storage.ToDevice.WaitingAsync(Alice, "D", 0, long.MaxValue, 10)).Json));
    }

    [Fact]
    public async Task A_commit_has_reached_the_feed_when_it_completes()
    {
        List<Change> seen = [];
        var start = Storage.Feed.Subscribe(changes =>
        {
            lock (seen) seen.AddRange(changes.Span);
        });
        Assert.Equal(0, start);
        for (var i = 0; i < 20; i++)
        {
            var result = await CommitAsync(unit =>
            {
                Storage.Events.AppendLive(unit, Event($"${unit.GetHashCode()}-{i}"), unit.NextPosition(ChangeKind.RoomEvent, Room));
                unit.NextPosition(ChangeKind.Receipt, OtherRoom);
            });
            Assert.True(Storage.Feed.Current >= result.FirstPosition + 1);
            lock (seen) Assert.Equal(new Change(result.FirstPosition + 1, ChangeKind.Receipt, OtherRoom), seen[^1]);
        }
        Assert.Equal(Enumerable.Range(1, 40).Select(i => (long)i), seen.Select(change => change.Position));
        await Storage.Feed.WaitForAsync(40, TestContext.Current.CancellationToken);
        var waiting = Storage.Feed.WaitForAsync(41, TestContext.Current.CancellationToken).AsTask();
        Assert.False(waiting.IsCompleted);
        await CommitAsync(unit => unit.NextPosition(ChangeKind.Presence, Alice));
        await waiting;
    }

    [Fact]
    public async Task The_feed_starts_at_the_stored_head()
    {
        await AppendAsync(Event("$a"), Event("$b"));

        var reopened = await Backend.OpenAsync();

        Assert.Equal(2, reopened.Feed.Current);
        Assert.Equal(2, reopened.Feed.Subscribe(_ => { }));
    }

    [Fact]
    public async Task Two_storages_on_one_database_never_give_a_position_twice()
    {
        var other = await Backend.OpenAsync();
        var commits = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            var storage = writer % 2 == 0 ? Storage : other;
            List<(string Id, long Position)> mine = [];
            for (var i = 0; i < 20; i++)
            {
                var id = $"${writer}-{i}";
                var unit = new WriteUnit();
                storage.Events.AppendLive(unit, Event(id), unit.NextPosition(ChangeKind.RoomEvent, Room));
                mine.Add((id, (await storage.CommitAsync(unit)).FirstPosition));
            }
            return mine;
        })));

        var byPosition = commits.SelectMany(mine => mine).OrderBy(commit => commit.Position).ToArray();
        Assert.Equal(Enumerable.Range(1, 160).Select(i => (long)i), byPosition.Select(commit => commit.Position));
        var stored = await Storage.Events.RangeAsync(Room, HistoryOrder.Start, HistoryOrder.End, Direction.Forward, 1000);
        Assert.Equal(byPosition.Select(commit => commit.Id), stored.Select(row => row.EventId));
    }

    [Fact]
    public async Task An_empty_unit_commits_nothing()
    {
        Assert.Equal(default, await Storage.CommitAsync(new WriteUnit()));
        Assert.Equal(0, Storage.Feed.Current);
        await Storage.PingAsync(TestContext.Current.CancellationToken);
    }
}

public sealed class SqliteGroupCommitTests() : GroupCommitTests(new SqliteBackend());

public sealed class PostgresGroupCommitTests(PostgresCluster cluster) : GroupCommitTests(new PostgresBackend(cluster));
