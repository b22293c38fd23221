using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class OutboxStoreTests(Backend backend) : StoreTests(backend)
{
    private const string Two = "two.test";

    [Fact]
    public async Task The_outbox_keeps_its_order_until_it_is_sent()
    {
        await CommitAsync(unit =>
        {
            Storage.Outbox.Enqueue(unit, [Two, "three.test"], Pdu("$a"), unit.NextPosition(ChangeKind.RoomEvent, Room));
            Storage.Outbox.Enqueue(unit, [Two], new OutboxItem(OutboxKind.ToDevice, "", Body: Json("{}")), unit.NextPosition(ChangeKind.RoomEvent, Room));
        });
        Assert.Equal(["three.test", Two], await Storage.Outbox.DestinationsWithQueueAsync());
        var queued = await Storage.Outbox.QueuedAsync(Two, 0, 10);
        Assert.Equal([(1, OutboxKind.Pdu, Room, "$a", null), (2, OutboxKind.ToDevice, "", null, "{}")],
            queued.Select(row => (row.Position, row.Kind, row.Topic, row.EventId, Text(row.Body))));
        Assert.Equal(2, Assert.Single(await Storage.Outbox.QueuedAsync(Two, 1, 10)).Position);

        await CommitAsync(unit => Storage.Outbox.Dequeue(unit, Two, 1));
        Assert.Equal(2, Assert.Single(await Storage.Outbox.QueuedAsync(Two, 0, 10)).Position);
        await CommitAsync(unit => Storage.Outbox.Dequeue(unit, Two, 2));
        Assert.Equal(["three.test"], await Storage.Outbox.DestinationsWithQueueAsync());
    }

    [Fact]
    public async Task A_shortened_queue_keeps_the_newest_event_of_each_room_and_of_the_rest_what_must_not_be_lost()
    {
        await EnqueueAsync(
            Pdu("$a1"), Pdu("$b1", OtherRoom), Pdu("$a2"), new(OutboxKind.Ephemeral, Room, Body: Json("{}")), new(OutboxKind.Presence, Alice),
            new(OutboxKind.Device, Alice, Body: Json("D1")), new(OutboxKind.Device, Alice, Body: Json("D2")), new(OutboxKind.Device, Bob, Body: Json("D3")),
            new(OutboxKind.CrossSigning, Alice), new(OutboxKind.CrossSigning, Alice), new(OutboxKind.Neighbours, Room), new(OutboxKind.Neighbours, Room),
            new(OutboxKind.ToDevice, "", Body: Json("1")), new(OutboxKind.ToDevice, "", Body: Json("2")), new(OutboxKind.ToDevice, "", Body: Json("3")),
            Pdu("$a3"));
        await CommitAsync(unit =>
        {
            Storage.DeviceLists.PutTold(unit, Two, Alice, 1);
            Storage.DeviceLists.PutTold(unit, Two, Carol, 1);
            Storage.Outbox.Enqueue(unit, ["three.test"], Pdu("$a1"), unit.NextPosition(ChangeKind.RoomEvent, Room));
        });
        Assert.Equal((13, 3), await Storage.Outbox.QueueLengthAsync(Two));

        await CommitAsync(unit => Storage.Outbox.Compact(unit, Two, 15, maxToDevice: 2));

        Assert.Equal([new UnsentRoom(Room, "$a2", 3), new UnsentRoom(OtherRoom, "$b1", 2)], await Storage.Outbox.UnsentRoomsAsync(Two, 10));
        Assert.Equal([7, 8, 10, 12, 14, 15, 16], (await Storage.Outbox.QueuedAsync(Two, 0, 100)).Select(row => row.Position));
        Assert.Equal([Carol], (await Storage.DeviceLists.ToldAsync(Two, [Alice, Carol])).Keys);
        Assert.Single(await Storage.Outbox.QueuedAsync("three.test", 0, 100));

        await CommitAsync(unit => Storage.Outbox.Compact(unit, Two, 16, maxToDevice: 2));
        await CommitAsync(unit => Storage.Outbox.ForgetUnsentRoom(unit, Two, new UnsentRoom(Room, "$a2", 3)));
        Assert.Equal([new UnsentRoom(Room, "$a3", 16), new UnsentRoom(OtherRoom, "$b1", 2)], await Storage.Outbox.UnsentRoomsAsync(Two, 10));
        await CommitAsync(unit => Storage.Outbox.ForgetUnsentRoom(unit, Two, new UnsentRoom(Room, "$a3", 16)));
        await CommitAsync(unit => Storage.Outbox.Dequeue(unit, Two, 100));
        Assert.Equal(["three.test", Two], await Storage.Outbox.DestinationsWithQueueAsync());
        await CommitAsync(unit => Storage.Outbox.Discard(unit, Two));
        Assert.Equal(["three.test"], await Storage.Outbox.DestinationsWithQueueAsync());
    }

    [Fact]
    public async Task Servers_that_lack_events_of_a_room_get_the_newest_message_and_no_row_for_each()
    {
        string[] servers = [Two, "three.test", "four.test", "five.test", "six.test", "seven.test"];
        await CommitAsync(unit =>
        {
            foreach (var server in servers)
                Join(unit, $"@user:{server}", server);
        });
        await SendAsync("$1");
        var first = Assert.Single(await Storage.Outbox.QueuedAsync(Two, 0, 10)).Position;
        await CommitAsync(unit => Storage.Outbox.Compact(unit, Two, first, 10));
        Assert.Equal([new UnsentRoom(Room, "$1", first)], await Storage.Outbox.UnsentRoomsAsync(Two, 10));

        await SendAsync("$2");
        await SendAsync("$3");
        Assert.Empty(await Storage.Outbox.QueuedAsync(Two, 0, 10));
        Assert.Equal(["$1", "$2", "$3"], (await Storage.Outbox.QueuedAsync("three.test", 0, 10)).Select(static row => row.EventId));
        var newest = Assert.Single(await Storage.Outbox.UnsentRoomsAsync(Two, 10));
        Assert.Equal("$3", newest.EventId);

        // One more message while the newest is under way: the room stays, and tells of that one.
        await SendAsync("$4");
        await CommitAsync(unit => Storage.Outbox.ForgetUnsentRoom(unit, Two, newest));
        newest = Assert.Single(await Storage.Outbox.UnsentRoomsAsync(Two, 10));
        Assert.Equal("$4", newest.EventId);
        await CommitAsync(unit => Storage.Outbox.ForgetUnsentRoom(unit, Two, newest));
        Assert.Empty(await Storage.Outbox.UnsentRoomsAsync(Two, 10));
        await SendAsync("$5");
        Assert.Equal("$5", Assert.Single(await Storage.Outbox.QueuedAsync(Two, 0, 10)).EventId);

        Task SendAsync(string eventId) => CommitAsync(
            unit => Storage.Outbox.EnqueueMessage(unit, servers, Room, eventId, unit.NextPosition(ChangeKind.RoomEvent, Room)));
    }

    [Fact]
    public async Task A_server_that_has_left_a_room_is_not_told_of_what_is_newer()
    {
        string[] others = ["three.test", "four.test", "five.test", "six.test", "seven.test"];
        await CommitAsync(unit => Storage.Outbox.Enqueue(unit, [Two], Pdu("$leave"), unit.NextPosition(ChangeKind.RoomEvent, Room)));
        await CommitAsync(unit => Storage.Outbox.Compact(unit, Two, 100, 10));
        await CommitAsync(unit => Storage.Outbox.EnqueueMessage(unit, others, Room, "$later", unit.NextPosition(ChangeKind.RoomEvent, Room)));
        var unsent = Assert.Single(await Storage.Outbox.UnsentRoomsAsync(Two, 10));
        Assert.Equal("$leave", unsent.EventId);
        await CommitAsync(unit => Storage.Outbox.ForgetUnsentRoom(unit, Two, unsent));
        Assert.Empty(await Storage.Outbox.UnsentRoomsAsync(Two, 10));
    }

    private void Join(WriteUnit unit, string userId, string server) => Storage.Memberships.Put(
        unit, new MembershipRow(Room, userId, "join", userId, "$join:" + server, 0, null, false, null, null), unit.NextPosition(ChangeKind.RoomEvent, Room), true);

    private static OutboxItem Pdu(string eventId, string roomId = Room) => new(OutboxKind.Pdu, roomId, eventId);

    private Task<CommitResult> EnqueueAsync(params OutboxItem[] items) => CommitAsync(unit =>
    {
        foreach (var item in items)
            Storage.Outbox.Enqueue(unit, [Two], item, unit.NextPosition(ChangeKind.RoomEvent, Room));
    });
}

public sealed class SqliteOutboxStoreTests() : OutboxStoreTests(new SqliteBackend());

public sealed class PostgresOutboxStoreTests(PostgresCluster cluster) : OutboxStoreTests(new PostgresBackend(cluster));
