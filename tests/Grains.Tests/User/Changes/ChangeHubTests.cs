using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.User.Changes;

public sealed class ChangeHubTests
{
    private static readonly ChangeKind[] RoomKinds = [ChangeKind.RoomEvent, ChangeKind.Receipt, ChangeKind.Typing];
    private static readonly ChangeKind[] UserKinds =
        [ChangeKind.Membership, ChangeKind.AccountData, ChangeKind.ToDevice, ChangeKind.DeviceList, ChangeKind.Presence, ChangeKind.KeyCounts];

    /// <summary>Random publications, room lists and questions, held against the whole log of changes.</summary>
    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 16)]
    [InlineData(3, 100)]
    [InlineData(4, 100_000)]
    public void Collects_what_a_scan_of_the_whole_log_finds(int seed, int capacity)
    {
        var random = new Random(seed);
        var feed = new FakeFeed();
        for (var i = random.Next(5); i > 0; i--)
            feed.Publish((ChangeKind.RoomEvent, Room(random)));
        var start = feed.Current;
        var hub = new ChangeHub(feed, capacity);
        var watchers = new List<(ChangeWatcher Watcher, HashSet<string> Rooms)>();
        var answered = 0;
        for (var step = 0; step < 4000; step++)
        {
            switch (random.Next(10))
            {
                case < 5:
                    feed.Publish([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Anything(random))]);
                    break;
                case 5 when watchers.Count < 6:
                    watchers.Add((hub.Watch(User(random)), []));
                    break;
                case 5:
                    var gone = watchers[random.Next(watchers.Count)];
                    gone.Watcher.Dispose();
                    watchers.Remove(gone);
                    break;
                case 6 when watchers.Count > 0:
                    var chosen = watchers[random.Next(watchers.Count)];
                    chosen.Rooms.Clear();
                    chosen.Rooms.UnionWith(Enumerable.Range(0, random.Next(30)).Select(_ => Room(random)));
                    chosen.Watcher.SetRooms(chosen.Rooms);
                    break;
                default:
                    if (watchers.Count == 0)
                        break;
                    var (watcher, rooms) = watchers[random.Next(watchers.Count)];
                    var upTo = hub.Position - random.NextInt64(Math.Min(hub.Position, capacity) + 1);
                    var since = Math.Max(0, upTo - random.NextInt64(Math.Min(capacity, 300)));
                    var changes = new ChangeSet();
                    var known = watcher.TryCollect(since, upTo, changes);
                    Assert.Equal(since >= Math.Max(start, hub.Position - capacity), known);
                    if (!known)
                        break;
                    answered++;
                    Check(feed.Between(since, upTo), feed.Between(since, hub.Position), watcher.UserId, rooms, changes);
                    break;
            }
        }

        Assert.True(answered > 50);
    }

    [Fact]
    public async Task After_changes_were_lost_storage_is_asked_for_all_that_was_before()
    {
        var feed = new FakeFeed();
        var hub = new ChangeHub(feed, capacity: 8);
        using var watcher = hub.Watch("@a:x");
        watcher.SetRooms(new HashSet<string> { "!mine" });
        for (var i = 0; i < 20; i++)
            feed.Publish((ChangeKind.RoomEvent, "!mine"), (ChangeKind.Presence, "@b:x"));
        var before = hub.Position;
        var wait = watcher.WaitAsync(before, TimeSpan.FromMinutes(5), TimeProvider.System, CancellationToken.None).AsTask();
        feed.Lose(5, ChangeKind.Typing, "!other");
        Assert.True(await wait);
        Assert.Equal(before + 6, hub.Position);
        Assert.False(watcher.TryCollect(before, hub.Position, new ChangeSet()));
        Assert.False(watcher.TryCollect(before + 4, hub.Position, new ChangeSet()));
        Assert.True(watcher.LastOwn(ChangeKind.Membership) >= before + 5);
        var changes = new ChangeSet();
        Assert.True(watcher.TryCollect(before + 5, hub.Position, changes));
        Assert.True(changes.IsEmpty);
        for (var i = 0; i < 20; i++)
            feed.Publish((ChangeKind.RoomEvent, "!mine"));
        Assert.True(watcher.TryCollect(hub.Position - 3, hub.Position, changes));
        Assert.Equal(["!mine"], changes.Rooms.Keys);
    }

    [Fact]
    public async Task A_wait_ends_for_a_change_that_concerns_the_user_and_for_no_other()
    {
        var feed = new FakeFeed();
        var hub = new ChangeHub(feed);
        using var watcher = hub.Watch("@a:x");
        watcher.SetRooms(new HashSet<string> { "!mine" });
        var wait = watcher.WaitAsync(hub.Position, TimeSpan.FromMinutes(5), TimeProvider.System, CancellationToken.None).AsTask();
        feed.Publish((ChangeKind.RoomEvent, "!other"), (ChangeKind.AccountData, "@b:x"));
        Assert.False(wait.IsCompleted);
        feed.Publish((ChangeKind.Typing, "!mine"));
        Assert.True(await wait);
        Assert.True(await watcher.WaitAsync(0, TimeSpan.FromMinutes(5), TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public async Task A_wait_ends_for_a_change_that_came_before_the_room_was_watched()
    {
        var feed = new FakeFeed();
        var hub = new ChangeHub(feed);
        using var watcher = hub.Watch("@a:x");
        feed.Publish((ChangeKind.RoomEvent, "!late"));
        watcher.SetRooms(new HashSet<string> { "!late" });
        Assert.True(await watcher.WaitAsync(0, TimeSpan.FromMinutes(5), TimeProvider.System, CancellationToken.None));
        Assert.False(await watcher.WaitAsync(1, TimeSpan.Zero, TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public async Task A_cancelled_wait_ends_without_a_change()
    {
        var hub = new ChangeHub(new FakeFeed());
        using var watcher = hub.Watch("@a:x");
        using var cancel = new CancellationTokenSource();
        var wait = watcher.WaitAsync(0, TimeSpan.FromMinutes(5), TimeProvider.System, cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.False(await wait);
    }

    [Fact]
    public async Task A_change_of_a_neighbour_wakes_those_who_share_a_room()
    {
        var feed = new FakeFeed();
        var hub = new ChangeHub(feed);
        hub.NeighbourChanged += change => hub.SignalRooms(["!shared"], change.Position);
        using var watcher = hub.Watch("@a:x");
        watcher.SetRooms(new HashSet<string> { "!shared" });
        var wait = watcher.WaitAsync(hub.Position, TimeSpan.FromMinutes(5), TimeProvider.System, CancellationToken.None).AsTask();
        feed.Publish((ChangeKind.DeviceList, "@b:x"));
        Assert.True(await wait);
        var changes = new ChangeSet();
        Assert.True(watcher.TryCollect(0, hub.Position, changes));
        Assert.Equal(["@b:x"], changes.DeviceLists);
    }

    /// <summary>
    /// Writers publish from several threads while readers wait, collect and advance: each reader must see every change of its rooms in exactly one range.
    /// </summary>
    [Theory]
    [InlineData(64)]
    [InlineData(1 << 16)]
    public async Task Readers_that_follow_the_stream_miss_no_change(int capacity)
    {
        const int Writers = 4, PerWriter = 3000, Readers = 6;
        var feed = new FakeFeed();
        var hub = new ChangeHub(feed, capacity);
        var writers = Enumerable.Range(0, Writers).Select(w => Task.Run(() =>
        {
            for (var i = 0; i < PerWriter; i++)
                feed.Publish((ChangeKind.RoomEvent, $"!{(w + (i * 7)) % 40}"), (ChangeKind.Receipt, $"!{i % 40}"));
        })).ToArray();
        var readers = Enumerable.Range(0, Readers).Select(r => Task.Run(async () =>
        {
            var rooms = Enumerable.Range(0, 40).Where(n => n % Readers == r || n % 3 == 0).Select(n => $"!{n}").ToHashSet();
            using var watcher = hub.Watch($"@{r}:x");
            watcher.SetRooms(rooms);
            var since = 0L;
            while (since < 2 * Writers * PerWriter)
            {
                Assert.True(await watcher.WaitAsync(since, TimeSpan.FromSeconds(30), TimeProvider.System, CancellationToken.None) || since > 0);
                var upTo = hub.Position;
                var changes = new ChangeSet();
                var expected = feed.Between(since, upTo).Where(c => rooms.Contains(c.Key)).Select(c => c.Key).ToHashSet();
                if (watcher.TryCollect(since, upTo, changes))
                    Assert.Subset(changes.Rooms.Keys.ToHashSet(), expected);
                else
                    Assert.True(hub.Position - since > capacity);
                if (feed.Between(upTo, feed.Current).Count == 0 && feed.Current == 2 * Writers * PerWriter)
                    break;
                since = upTo;
            }
        })).ToArray();
        await Task.WhenAll(writers);
        await Task.WhenAll(readers);
        Assert.Equal(2 * Writers * PerWriter, hub.Position);
    }

    private static void Check(List<Change> range, List<Change> later, string userId, HashSet<string> rooms, ChangeSet changes)
    {
        foreach (var room in rooms)
        {
            var found = changes.Rooms.GetValueOrDefault(room);
            Assert.Equal(Kinds(range, room), found & Kinds(range, room));
            Assert.Equal(ChangeKinds.None, found & ~Kinds(later, room));
        }

        Assert.Subset(rooms, changes.Rooms.Keys.ToHashSet());
        Assert.Equal(Kinds(range, userId), changes.Own & Kinds(range, userId));
        Assert.Equal(ChangeKinds.None, changes.Own & ~Kinds(later, userId));
        Assert.Equal(range.Where(c => c.Kind == ChangeKind.DeviceList).Select(c => c.Key).ToHashSet(), changes.DeviceLists);
        Assert.Equal(range.Where(c => c.Kind == ChangeKind.Presence).Select(c => c.Key).ToHashSet(), changes.Presence);
    }

    private static ChangeKinds Kinds(List<Change> changes, string key) =>
        changes.Where(c => c.Key == key).Aggregate(ChangeKinds.None, (kinds, c) => kinds | (ChangeKinds)(1 << (int)c.Kind));

    private static (ChangeKind, string) Anything(Random random) =>
        random.Next(3) == 0 ? (UserKinds[random.Next(UserKinds.Length)], User(random)) : (RoomKinds[random.Next(RoomKinds.Length)], Room(random));

    private static string Room(Random random) => $"!{random.Next(60)}";
    private static string User(Random random) => $"@{random.Next(8)}:x";
}
