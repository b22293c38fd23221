using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public sealed class SqlitePartialRoomStoreTests() : PartialRoomStoreTests(new SqliteBackend());

public sealed class PostgresPartialRoomStoreTests(PostgresCluster cluster) : PartialRoomStoreTests(new PostgresBackend(cluster));

public abstract class PartialRoomStoreTests(Backend backend) : StoreTests(backend)
{
    [Fact]
    public async Task A_room_is_partial_from_its_join_until_it_is_filled()
    {
        await CommitAsync(unit =>
        {
            Storage.Memberships.Put(
                unit, new MembershipRow(Room, Alice, "join", Alice, "$join", 0, null, false, null, null), unit.NextPosition(ChangeKind.Membership, Alice));
            Storage.PartialRooms.Begin(unit, Room, "$join", "two.test", ["two.test", "three.test"]);
            Storage.PartialRooms.AddEvent(unit, Room, "$join", 0);
            Storage.PartialRooms.AddEvent(unit, Room, "$b", 1);
            Storage.PartialRooms.AddEvent(unit, Room, "$a", 2);
        });
        var row = await Storage.PartialRooms.GetAsync(Room);
        Assert.Equal(("$join", "two.test"), (row!.JoinEventId, row.Origin));
        Assert.Equal(["three.test", "two.test"], row.Servers);
        Assert.Equal(["$join", "$b", "$a"], row.Events);
        Assert.Equal([Room], await Storage.PartialRooms.AllAsync());
        Assert.Null(await Storage.PartialRooms.GetAsync(OtherRoom));
        Assert.Equal([("one.test", 1), ("three.test", 0), ("two.test", 0)], await Storage.Memberships.ServersAsync(Room));
        Assert.Equal(["three.test", "two.test"], (await Storage.Memberships.ServersSharingAsync(Alice)).Order());

        PositionSlot slot = default;
        var end = await CommitAsync(unit => Storage.PartialRooms.End(unit, Room, slot = unit.NextPosition(ChangeKind.RoomEvent, Room)));
        var filled = end.Resolve(slot);
        Assert.Null(await Storage.PartialRooms.GetAsync(Room));
        Assert.Empty(await Storage.PartialRooms.AllAsync());
        Assert.Equal([("one.test", 1)], await Storage.Memberships.ServersAsync(Room));
        Assert.Empty(await Storage.Memberships.ServersSharingAsync(Alice));
        Assert.Equal([new(Room, filled)], await Storage.PartialRooms.EndsAsync([Room, OtherRoom]));

        await CommitAsync(unit => Storage.PartialRooms.Begin(unit, Room, "$again", "two.test", []));
        Assert.Equal("$again", (await Storage.PartialRooms.GetAsync(Room))!.JoinEventId);
        Assert.Equal([new(Room, long.MaxValue)], await Storage.PartialRooms.EndsAsync([Room]));
    }

    [Fact]
    public async Task An_events_state_and_status_are_set_anew()
    {
        await AppendAsync(Event("$a"));
        await CommitAsync(unit => Storage.Events.SetState(unit, "$a", new StateNodeId(7), EventStatus.Rejected));
        var row = await Storage.Events.GetAsync("$a");
        Assert.Equal(new StateNodeId(7), row!.StateBefore);
        Assert.Equal(EventStatus.Rejected, row.Status);
        Assert.NotNull(row.Order);
    }
}
