using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class ReportAndPusherStoreTests(Backend backend) : StoreTests(backend)
{
    [Fact]
    public async Task Reports_are_listed_in_the_order_they_came()
    {
        await CommitAsync(unit => Storage.Reports.Add(unit, new ReportRow(0, Alice, Room, "$event", Bob, "spam", 1000)));
        await CommitAsync(unit => Storage.Reports.Add(unit, new ReportRow(0, Bob, "", "", Alice, "", 2000)));

        var all = await Storage.Reports.ListAsync(0, 10);

        Assert.Equal([new ReportRow(1, Alice, Room, "$event", Bob, "spam", 1000), new ReportRow(2, Bob, "", "", Alice, "", 2000)], all);
        Assert.Equal(2, Assert.Single(await Storage.Reports.ListAsync(1, 10)).Id);
        Assert.Equal(1, Assert.Single(await Storage.Reports.ListAsync(0, 1)).Id);
    }

    [Fact]
    public async Task A_pusher_is_replaced_by_one_of_the_same_app_and_key()
    {
        await CommitAsync(unit => Storage.Pushers.Put(unit, Pusher(Alice, "app", "key") with { Json = Json("""{"lang":"en"}""") }));
        await CommitAsync(unit => Storage.Pushers.Put(unit, Pusher(Alice, "app", "key") with { Json = Json("""{"lang":"de"}"""), DeviceId = "OTHER" }));
        await CommitAsync(unit => Storage.Pushers.Put(unit, Pusher(Alice, "app", "key2")));

        var pushers = await Storage.Pushers.OfUserAsync(Alice);

        Assert.Equal(["key", "key2"], pushers.Select(p => p.PushKey));
        Assert.Equal("""{"lang":"de"}""", Text(pushers[0].Json));
        Assert.Equal("OTHER", pushers[0].DeviceId);
    }

    [Fact]
    public async Task Pushers_are_deleted_by_app_and_key_of_one_user_or_of_all_others()
    {
        await CommitAsync(unit =>
        {
            Storage.Pushers.Put(unit, Pusher(Alice, "app", "key"));
            Storage.Pushers.Put(unit, Pusher(Bob, "app", "key"));
            Storage.Pushers.Put(unit, Pusher(Bob, "app", "other"));
        });

        await CommitAsync(unit => Storage.Pushers.DeleteOfOthers(unit, Alice, "app", "key"));
        Assert.Single(await Storage.Pushers.OfUserAsync(Alice));
        Assert.Equal("other", Assert.Single(await Storage.Pushers.OfUserAsync(Bob)).PushKey);

        await CommitAsync(unit => Storage.Pushers.Delete(unit, Alice, "app", "key"));
        Assert.Empty(await Storage.Pushers.OfUserAsync(Alice));
    }

    [Fact]
    public async Task A_devices_pushers_go_with_it()
    {
        await CommitAsync(unit => Storage.Pushers.Put(unit, Pusher(Alice, "app", "key")));

        await CommitAsync(unit => Storage.Pushers.DeleteOfDevice(unit, Alice, "DEVICE"));

        Assert.Empty(await Storage.Pushers.OfUserAsync(Alice));
    }

    [Fact]
    public async Task Who_is_behind_is_found_by_the_places_of_pushers()
    {
        var last = 0L;
        await CommitAsync(unit =>
        {
            foreach (var user in new[] { Alice, Bob })
                Storage.Pushers.Put(unit, Pusher(user, "app", user));
            Member(unit, Room, Alice, "join");
            Member(unit, Room, Bob, "leave");
            var slot = unit.NextPosition(ChangeKind.RoomEvent, Room);
            Storage.Rooms.Put(unit, new RoomRow(Room, "10", default, ["$e"], 1, 0), slot);
        });
        last = Storage.Feed.Current;
        Assert.Equal([Alice, Bob], (await Storage.Pushers.UsersAsync()).Order(StringComparer.Ordinal));
        Assert.Equal([Alice], await Storage.Pushers.UsersInRoomAsync(Room));
        Assert.Equal([Bob], await Storage.Pushers.OthersAsync(Alice, "app", Bob));
        Assert.Equal([Alice], await Storage.Pushers.BehindAsync("", 10));
        Assert.Empty(await Storage.Pushers.BehindAsync(Alice, 10));

        await CommitAsync(unit => Storage.Pushers.SetPlace(unit, Pusher(Alice, "app", Alice) with { PushedTo = last }));
        await CommitAsync(unit => Storage.Pushers.Put(unit, Pusher(Alice, "app", Alice)));
        Assert.Equal(last, Assert.Single(await Storage.Pushers.OfUserAsync(Alice)).PushedTo);
        Assert.Empty(await Storage.Pushers.BehindAsync("", 10));

        // An invitation is behind a place too, also one of a room that is not here.
        await CommitAsync(unit => Member(unit, "!elsewhere:x", Bob, "invite"));
        Assert.Equal([Bob], await Storage.Pushers.BehindAsync("", 10));
        Assert.Equal([Bob], await Storage.Pushers.UsersInRoomAsync("!elsewhere:x"));

        void Member(WriteUnit unit, string room, string user, string membership) => Storage.Memberships.Put(
            unit, new MembershipRow(room, user, membership, user, "$m", 0, null, false, null, null), unit.NextPosition(ChangeKind.Membership, user));
    }

    private static PusherRow Pusher(string userId, string appId, string pushKey) => new(userId, appId, pushKey, "DEVICE", Json("{}"), 1000);
}

public sealed class SqliteReportAndPusherStoreTests() : ReportAndPusherStoreTests(new SqliteBackend());

public sealed class PostgresReportAndPusherStoreTests(PostgresCluster cluster) : ReportAndPusherStoreTests(new PostgresBackend(cluster));
