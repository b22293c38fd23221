using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class DeviceListStoreTests(Backend backend) : StoreTests(backend)
{
    private const string Two = "two.test";

    [Fact]
    public async Task Servers_are_told_of_users_in_the_room_who_changed_since()
    {
        await CommitAsync(unit =>
        {
            Join(unit, Alice);
            Join(unit, Bob);
            Storage.Keys.AddDeviceListChange(unit, Alice, unit.NextPosition(ChangeKind.DeviceList, Alice), null);
            Storage.Keys.PutDeviceKeys(unit, new DeviceKeysRow(Bob, "D", Json("{}")));
        });
        var newest = await Storage.DeviceLists.NewestChangeAsync(Alice);
        Assert.True(newest > 0);
        Assert.Empty(await Storage.DeviceLists.UntoldAsync(Two, OtherRoom, "one.test", 10));
        Assert.Equal([(Alice, newest)], await Storage.DeviceLists.UntoldAsync(Two, Room, "one.test", 10));
        await CommitAsync(unit => Storage.DeviceLists.PutTold(unit, Two, Alice, newest - 1));
        Assert.Single(await Storage.DeviceLists.UntoldAsync(Two, Room, "one.test", 10));
        await CommitAsync(unit => Storage.DeviceLists.PutTold(unit, Two, Alice, newest));
        Assert.Empty(await Storage.DeviceLists.UntoldAsync(Two, Room, "one.test", 10));
        Assert.Equal([KeyValuePair.Create(Alice, newest)], await Storage.DeviceLists.ToldAsync(Two, [Alice, Bob]));
    }

    [Fact]
    public async Task A_remote_list_is_fresh_only_if_nothing_happened_while_it_was_fetched()
    {
        await CommitAsync(unit => Storage.DeviceLists.PutRemote(unit, Carol, 5, 0));
        Assert.Equal(new RemoteDeviceList(Carol, 5, true, 1), (await Storage.DeviceLists.RemoteAsync([Carol, Bob]))[Carol]);

        await CommitAsync(unit => Storage.DeviceLists.MarkStale(unit, Carol));
        Assert.Equal(new RemoteDeviceList(Carol, 5, false, 2), await RemoteAsync());
        Assert.Empty(await Storage.DeviceLists.StaleAsync("", "one.test", 10));
        await CommitAsync(unit =>
        {
            Join(unit, Carol);
            Join(unit, Alice);
        });
        Assert.Equal([Carol], await Storage.DeviceLists.StaleAsync("", "one.test", 10));
        Assert.Empty(await Storage.DeviceLists.StaleAsync(Carol, "one.test", 10));

        await CommitAsync(unit => Storage.DeviceLists.PutRemote(unit, Carol, 6, 1));
        Assert.Equal(new RemoteDeviceList(Carol, 6, false, 3), await RemoteAsync());
        await CommitAsync(unit => Storage.DeviceLists.PutRemote(unit, Carol, 7, 3));
        Assert.Equal(new RemoteDeviceList(Carol, 7, true, 4), await RemoteAsync());

        await CommitAsync(unit => Storage.DeviceLists.Untrack(unit, Carol));
        Assert.Equal(new RemoteDeviceList(Carol, null, false, 5), await RemoteAsync());
        await CommitAsync(unit => Storage.DeviceLists.PutRemote(unit, Carol, 8, 5));
        await CommitAsync(unit => Storage.DeviceLists.UntrackRoom(unit, Room));
        Assert.Equal(new RemoteDeviceList(Carol, null, false, 7), await RemoteAsync());
        await CommitAsync(unit => Storage.DeviceLists.Untrack(unit, Bob));
        Assert.Single(await Storage.DeviceLists.RemoteAsync([Carol, Bob]));
    }

    [Fact]
    public async Task Keys_of_a_remote_user_go_but_not_what_local_users_signed()
    {
        await CommitAsync(unit =>
        {
            Storage.Devices.Put(unit, new DeviceRow(Carol, "D", "n", null, null, null));
            Storage.Keys.PutDeviceKeys(unit, new DeviceKeysRow(Carol, "D", Json("{}")));
            Storage.Keys.PutCrossSigningKey(unit, new CrossSigningKeyRow(Carol, "master", Json("{}")));
            Storage.Keys.PutSignature(unit, Alice, "ed25519:A", Carol, "M", "sig");
        });
        await CommitAsync(unit => Storage.DeviceLists.DeleteRemoteKeys(unit, Carol));
        Assert.Empty(await Storage.Devices.OfUserAsync(Carol));
        Assert.Empty(await Storage.Keys.DeviceKeysAsync(Carol));
        Assert.Empty(await Storage.Keys.CrossSigningKeysAsync(Carol));
        Assert.Single((await Storage.Keys.OfUsersAsync([Carol])).Signatures[Carol]);
    }

    private async Task<RemoteDeviceList> RemoteAsync() => (await Storage.DeviceLists.RemoteAsync([Carol]))[Carol];

    private void Join(WriteUnit unit, string userId) =>
        Storage.Memberships.Put(unit, new MembershipRow(Room, userId, "join", userId, "$e", 0, null, false, null, null), null);
}

public sealed class SqliteDeviceListStoreTests() : DeviceListStoreTests(new SqliteBackend());

public sealed class PostgresDeviceListStoreTests(PostgresCluster cluster) : DeviceListStoreTests(new PostgresBackend(cluster));
