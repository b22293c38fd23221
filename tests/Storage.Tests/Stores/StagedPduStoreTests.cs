using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public sealed class SqliteStagedPduStoreTests() : StagedPduStoreTests(new SqliteBackend());

public sealed class PostgresStagedPduStoreTests(PostgresCluster cluster) : StagedPduStoreTests(new PostgresBackend(cluster));

public abstract class StagedPduStoreTests(Backend backend) : StoreTests(backend)
{
    [Fact]
    public async Task Events_wait_in_the_order_in_which_they_came_until_they_are_deleted()
    {
        await StageAsync(Room, "$b", "two.test", 1);
        await StageAsync(Room, "$a", "two.test", 2);
        await StageAsync(Room, "$c", "three.test", 2);
        await StageAsync(OtherRoom, "$d", "two.test", 3);
        var rows = await Storage.StagedPdus.OfRoomAsync(Room);
        Assert.Equal([("$b", "two.test", 1), ("$a", "two.test", 2), ("$c", "three.test", 2)], rows.Select(r => (r.EventId, r.Origin, r.ReceivedAt)));
        Assert.Equal("""{"id":"$b"}""", Text(rows[0].Json));
        Assert.Equal((3, 1, 0),
            (await Storage.StagedPdus.CountAsync("two.test"), await Storage.StagedPdus.CountAsync("three.test"),
            await Storage.StagedPdus.CountAsync("four.test")));

        await CommitAsync(unit => Storage.StagedPdus.Delete(unit, Room, "$b"));
        Assert.Equal(["$a", "$c"], (await Storage.StagedPdus.OfRoomAsync(Room)).Select(r => r.EventId));
        await CommitAsync(unit => Storage.StagedPdus.DeleteRoom(unit, Room));
        Assert.Empty(await Storage.StagedPdus.OfRoomAsync(Room));
        Assert.Equal([OtherRoom], await Storage.StagedPdus.RoomsAsync());
    }

    [Fact]
    public async Task An_event_that_waits_is_kept_as_it_first_came()
    {
        await StageAsync(Room, "$a", "two.test", 1);
        await StageAsync(Room, "$a", "three.test", 2);
        Assert.Equal(("two.test", 1), Assert.Single(await Storage.StagedPdus.OfRoomAsync(Room)) is var row ? (row.Origin, row.ReceivedAt) : default);
    }

    [Fact]
    public async Task The_rooms_of_a_server_are_those_that_it_has_a_member_in_or_is_said_to_be_in()
    {
        await StageAsync(Room, "$a", "three.test", 1);
        await StageAsync(OtherRoom, "$b", "three.test", 1);
        Assert.Equal([OtherRoom, Room], await Storage.StagedPdus.RoomsAsync());
        await CommitAsync(unit =>
        {
            Storage.Memberships.Put(unit, Member(Room, "join"), null);
            Storage.Memberships.Put(unit, Member(OtherRoom, "leave"), null);
        });
        Assert.Equal([Room], await Storage.StagedPdus.RoomsWithAsync("two.test"));
        await CommitAsync(unit => Storage.PartialRooms.Begin(unit, OtherRoom, "$join", "four.test", ["two.test"]));
        Assert.Equal([OtherRoom, Room], await Storage.StagedPdus.RoomsWithAsync("two.test"));
        Assert.Empty(await Storage.StagedPdus.RoomsWithAsync("three.test"));
    }

    private static MembershipRow Member(string room, string membership) => new(room, Carol, membership, Carol, "$m", 0, null, false, null, null);

    private Task<CommitResult> StageAsync(string room, string eventId, string origin, long receivedAt) =>
        CommitAsync(unit => Storage.StagedPdus.Put(unit, new StagedPduRow(room, eventId, origin, Json($$"""{"id":"{{eventId}}"}"""), receivedAt)));
}
