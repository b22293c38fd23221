using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class MembershipStoreTests(Backend backend) : StoreTests(backend)
{
    [Fact]
    public async Task A_membership_is_replaced_forgotten_and_comes_back()
    {
        var invite = Row(Room, Alice, "invite") with { Stripped = Json("[]"), DisplayName = "A", AvatarUrl = "mxc://a", RoomVersion = "12", ToldBy = "elsewhere" };
        var position = await PutAsync(invite);
        var stored = await Storage.Memberships.GetAsync(Room, Alice);
        Assert.Equal(invite with { Position = position, Stripped = null }, stored! with { Stripped = null });
        Assert.Equal("[]", Text(stored.Stripped));

        await PutAsync(Row(Room, Alice, "leave"));
        var forgotten = await CommitAsync(unit => Storage.Memberships.Forget(unit, Room, Alice, unit.NextPosition(ChangeKind.Membership, Alice)));
        stored = await Storage.Memberships.GetAsync(Room, Alice);
        Assert.True(stored!.Forgotten);
        Assert.Null(stored.Stripped);
        Assert.Null(stored.ToldBy);
        Assert.Equal(forgotten.FirstPosition, stored.Position);

        await PutAsync(Row(Room, Alice, "join"));
        Assert.False((await Storage.Memberships.OfUserAsync(Alice)).Single().Forgotten);
        Assert.Null(await Storage.Memberships.GetAsync(OtherRoom, Alice));
    }

    [Fact]
    public async Task Members_servers_and_shared_rooms_follow_joins()
    {
        await CommitAsync(unit =>
        {
            Put(unit, Room, Alice, "join");
            Put(unit, Room, Bob, "join");
            Put(unit, Room, Carol, "join");
            Put(unit, Room, "@dan:three.test", "leave");
            Put(unit, OtherRoom, Alice, "join");
            Put(unit, OtherRoom, "@eve:three.test", "invite");
            Put(unit, "!third:one.test", Bob, "join");
            Put(unit, "!third:one.test", "@frank:four.test:8448", "join");
        });

        Assert.Equal([Alice, Bob, Carol], (await Storage.Memberships.OfRoomAsync(Room, "join")).Select(row => row.UserId).Order());
        Assert.Equal(4, (await Storage.Memberships.OfRoomAsync(Room, null)).Count);
        Assert.Equal([("one.test", 2), ("two.test", 1)], await Storage.Memberships.ServersAsync(Room));
        Assert.Equal([Alice, Bob, Carol], (await Storage.Memberships.SharingRoomAsync(Alice)).Order());
        Assert.Equal([Room], await Storage.Memberships.MutualRoomsAsync(Alice, Bob));
        Assert.Equal([Bob, Carol], (await Storage.Memberships.SharingAmongAsync(Alice, [Carol, "@frank:four.test:8448", Bob, "@nobody:one.test"])).Order());
        Assert.Empty(await Storage.Memberships.SharingAmongAsync("@nobody:one.test", [Bob]));
        var joined = await Storage.Memberships.JoinedRoomsAsync([Alice, Carol, "@nobody:one.test"]);
        Assert.Equal(new[] { Room, OtherRoom }.Order(), joined[Alice].Order());
        Assert.Empty(joined["@nobody:one.test"]);
        Assert.Equal(["two.test"], await Storage.Memberships.ServersSharingAsync(Alice));
        Assert.Equal(["four.test:8448", "two.test"], (await Storage.Memberships.ServersSharingAsync(Bob)).Order());
        Assert.Equal(["@nobody:one.test"], await Storage.Memberships.SharingRoomAsync("@nobody:one.test"));
    }

    private static MembershipRow Row(string roomId, string userId, string membership) => new(roomId, userId, membership, Bob, "$e", 0, null, false, null, null);

    private async Task<long> PutAsync(MembershipRow row) =>
        (await CommitAsync(unit => Storage.Memberships.Put(unit, row, unit.NextPosition(ChangeKind.Membership, row.UserId)))).FirstPosition;

    private void Put(WriteUnit unit, string roomId, string userId, string membership) => Storage.Memberships.Put(unit, Row(roomId, userId, membership), null);
}

public sealed class SqliteMembershipStoreTests() : MembershipStoreTests(new SqliteBackend());

public sealed class PostgresMembershipStoreTests(PostgresCluster cluster) : MembershipStoreTests(new PostgresBackend(cluster));
