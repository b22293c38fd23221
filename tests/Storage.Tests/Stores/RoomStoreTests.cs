using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class RoomStoreTests(Backend backend) : StoreTests(backend)
{
    private static readonly StateNodeId State = new(42);

    [Fact]
    public async Task A_room_is_replaced_and_keeps_its_last_position_where_none_is_given()
    {
        Assert.Null(await Storage.Rooms.GetAsync(Room));
        var first = await CommitAsync(
            unit => Storage.Rooms.Put(unit, new RoomRow(Room, "12", State, ["$a", "$b"], 7, 0), unit.NextPosition(ChangeKind.RoomEvent, Room)));
        await CommitAsync(unit => Storage.Rooms.Put(unit, new RoomRow(Room, "12", StateNodeId.Empty, ["$c"], 8, 99), null));

        var room = await Storage.Rooms.GetAsync(Room);

        Assert.Equal(new RoomRow(Room, "12", StateNodeId.Empty, [], 8, first.FirstPosition), room! with { Extremities = [] });
        Assert.Equal(["$c"], room.Extremities);
    }

    [Fact]
    public async Task Rooms_changed_since_a_position_are_found_among_many()
    {
        var first = await CommitAsync(unit => Storage.Rooms.Put(unit, new RoomRow(Room, "12", State, [], 1, 0), unit.NextPosition(ChangeKind.RoomEvent, Room)));
        await CommitAsync(unit => Storage.Rooms.Put(unit, new RoomRow(OtherRoom, "12", State, [], 1, 0), unit.NextPosition(ChangeKind.RoomEvent, OtherRoom)));

        Assert.Equal([OtherRoom], await Storage.Rooms.ChangedSinceAsync([Room, OtherRoom, "!none:one.test"], first.FirstPosition));
        Assert.Equal([Room], await Storage.Rooms.ChangedSinceAsync([Room], first.FirstPosition - 1));
        Assert.Empty(await Storage.Rooms.ChangedSinceAsync([], 0));
    }

    [Fact]
    public async Task A_summary_is_read_back()
    {
        var summary = new RoomSummaryRow(Room, "Name", "Topic", "mxc://one.test/a", "#a:one.test", "m.space", "public", true, false, true, 3);
        await CommitAsync(unit => Storage.Rooms.PutSummary(unit, summary with { Name = "Old" }));
        await CommitAsync(unit => Storage.Rooms.PutSummary(unit, summary));

        Assert.Equal(summary, await Storage.Rooms.GetSummaryAsync(Room));
        Assert.Null(await Storage.Rooms.GetSummaryAsync(OtherRoom));
    }

    [Fact]
    public async Task Public_rooms_are_listed_by_size_and_filtered()
    {
        await CommitAsync(unit =>
        {
            Summary(unit, "!a:one.test", "Ällpha", null, 1);
            Summary(unit, "!b:one.test", "50%_off", "m.space", 5);
            Summary(unit, "!c:one.test", "gamma", null, 5);
            Summary(unit, "!d:one.test", "hidden", null, 9);
            foreach (var id in (string[])["!a:one.test", "!b:one.test", "!c:one.test"]) Storage.Rooms.SetPublic(unit, id, "", true);
            Storage.Rooms.SetPublic(unit, "!c:one.test", "irc", true);
            Storage.Rooms.SetPublic(unit, "!d:one.test", "", true);
            Storage.Rooms.SetPublic(unit, "!d:one.test", "", false);
        });

        Assert.Equal(["!b:one.test", "!c:one.test", "!a:one.test"], await ListAsync());
        Assert.Equal(["!c:one.test"], await ListAsync(offset: 1, limit: 1, total: 3));
        Assert.Equal(["!a:one.test"], await ListAsync(search: "äLL"));
        Assert.Equal(["!b:one.test"], await ListAsync(search: "%_"));
        Assert.Empty(await ListAsync(search: "5%o"));
        Assert.Equal(["!b:one.test"], await ListAsync(types: ["m.space"]));
        Assert.Equal(["!c:one.test", "!a:one.test"], await ListAsync(types: [null]));
        Assert.Equal(["!b:one.test", "!c:one.test", "!a:one.test"], await ListAsync(types: ["m.space", null]));
        Assert.Empty(await ListAsync(types: []));
        Assert.Equal(["!c:one.test"], await ListAsync(network: "irc"));
        Assert.True(await Storage.Rooms.IsPublicAsync("!a:one.test"));
        Assert.False(await Storage.Rooms.IsPublicAsync("!d:one.test"));
    }

    [Fact]
    public async Task State_nodes_are_stored_once_and_a_missing_one_is_a_fault()
    {
        StateNodeId a = new(1), b = new(UInt128.MaxValue), missing = new(3);
        await CommitAsync(unit =>
        {
            Storage.StateNodes.Put(unit, a, Json("a"));
            Storage.StateNodes.Put(unit, b, Json(""));
        });
        await CommitAsync(unit => Storage.StateNodes.Put(unit, a, Json("a")));

        Assert.Equal("a", Text(await Storage.StateNodes.GetAsync(a)));
        var many = await Storage.StateNodes.GetManyAsync([a, b, a]);
        Assert.Equal(2, many.Count);
        Assert.Equal("", Text(many[b]));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await Storage.StateNodes.GetAsync(missing));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await Storage.StateNodes.GetManyAsync([a, missing]));
    }

    [Fact]
    public async Task An_alias_is_taken_once()
    {
        await CommitAsync(unit => Storage.Directory.AddAlias(unit, new AliasRow("#a:one.test", Room, Alice)));

        await Assert.ThrowsAsync<ConflictException>(() => CommitAsync(unit => Storage.Directory.AddAlias(unit, new AliasRow("#a:one.test", OtherRoom, Bob))));

        Assert.Equal(new AliasRow("#a:one.test", Room, Alice), await Storage.Directory.GetAliasAsync("#a:one.test"));
        Assert.Equal(["#a:one.test"], await Storage.Directory.AliasesOfAsync(Room));

        // Who has judged another row does not delete this one.
        await CommitAsync(unit => Storage.Directory.DeleteAlias(unit, new AliasRow("#a:one.test", OtherRoom, Alice)));
        await CommitAsync(unit => Storage.Directory.DeleteAlias(unit, new AliasRow("#a:one.test", Room, Bob)));
        Assert.NotNull(await Storage.Directory.GetAliasAsync("#a:one.test"));
        await CommitAsync(unit => Storage.Directory.DeleteAlias(unit, new AliasRow("#a:one.test", Room, Alice)));
        Assert.Null(await Storage.Directory.GetAliasAsync("#a:one.test"));
    }

    private void Summary(WriteUnit unit, string id, string name, string? type, int members) =>
        Storage.Rooms.PutSummary(unit, new RoomSummaryRow(id, name, null, null, null, type, "public", true, true, false, members));

    private async Task<IEnumerable<string>> ListAsync(
        string? search = null, IReadOnlyList<string?>? types = null, string? network = null, int offset = 0, int limit = 10, int? total = null)
    {
        var page = await Storage.Rooms.ListPublicAsync(search, types, network, offset, limit);
        Assert.Equal(total ?? page.Rooms.Count, page.Total);
        return page.Rooms.Select(room => room.RoomId);
    }
}

public sealed class SqliteRoomStoreTests() : RoomStoreTests(new SqliteBackend());

public sealed class PostgresRoomStoreTests(PostgresCluster cluster) : RoomStoreTests(new PostgresBackend(cluster));
