using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class UserDataStoreTests(Backend backend) : StoreTests(backend)
{
    [Fact]
    public async Task Account_data_is_replaced_and_found_by_position()
    {
        var longType = new string('t', 10_000) + "\0";
        var first = await PutAsync("", "m.push_rules", "1");
        await PutAsync(Room, "m.tag", "2");
        var last = await PutAsync("", longType, "3");
        await PutAsync("", "m.push_rules", "4");

        Assert.Equal("4", Text((await Storage.AccountData.GetAsync(Alice, "", "m.push_rules"))!.Json));
        var wide = await Storage.AccountData.GetAsync(Alice, "", longType);
        Assert.Equal((longType, last), (wide!.Type, wide.Position));
        Assert.Null(await Storage.AccountData.GetAsync(Alice, Room, "m.push_rules"));
        Assert.Equal(["m.tag", longType, "m.push_rules"], (await Storage.AccountData.ChangedAsync(Alice, first, 100)).Select(row => row.Type));
        Assert.Equal(["m.tag"], (await Storage.AccountData.ChangedAsync(Alice, 0, 2)).Select(row => row.Type));
        Assert.Empty(await Storage.AccountData.ChangedAsync(Bob, 0, 100));
    }

    [Fact]
    public async Task Equal_filters_of_a_user_share_an_id()
    {
        var first = await Storage.AccountData.AddFilterAsync(Alice, Json("{}"));
        var again = await Storage.AccountData.AddFilterAsync(Alice, Json("{}"));
        var other = await Storage.AccountData.AddFilterAsync(Alice, Json("""{"room":{}}"""));

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.Equal("""{"room":{}}""", Text(await Storage.AccountData.GetFilterAsync(Alice, other)));
        Assert.Null(await Storage.AccountData.GetFilterAsync(Bob, first));
    }

    [Fact]
    public async Task Receipts_are_kept_by_type_and_thread()
    {
        await PutReceiptAsync(Room, Alice, "m.read", "", "$1");
        await PutReceiptAsync(Room, Alice, "m.read", "$thread", "$2");
        await PutReceiptAsync(Room, Bob, "m.read", "", "$3");
        await PutReceiptAsync(OtherRoom, Alice, "m.read.private", "", "$4");
        var last = await PutReceiptAsync(Room, Alice, "m.read", "", "$5");

        Assert.Equal(["$2", "$3", "$5"], (await Storage.Receipts.ChangedAsync([Room], 0, 100)).Select(row => row.EventId));
        Assert.Equal(["$4", "$5"], (await Storage.Receipts.ChangedAsync([OtherRoom, Room], 3, 100)).Select(row => row.EventId));
        Assert.Equal(["$2", "$4", "$5"], (await Storage.Receipts.OfUserAsync(Alice, null)).Select(row => row.EventId));
        Assert.Equal(
            [new ReceiptRow(Room, Bob, "m.read", "", "$3", new HistoryOrder(7, -2), 99, 3)], await Storage.Receipts.OfUserAsync(Bob, Room));
        Assert.Equal(5, last);
    }

    [Fact]
    public async Task To_device_messages_wait_until_they_are_deleted()
    {
        for (var i = 0; i < 4; i++)
        {
            var json = Json($"{i}");
            await CommitAsync(unit => Storage.ToDevice.Put(unit, new ToDeviceRow(Alice, "D", json, 0), unit.NextPosition(ChangeKind.ToDevice, Alice)));
        }

        Assert.Equal(["0", "1"], await WaitingAsync(0, 100, 2));
        Assert.Equal(["1", "2"], await WaitingAsync(1, 3, 10));
        await CommitAsync(unit => Storage.ToDevice.DeleteUpTo(unit, Alice, "D", 3));
        Assert.Equal(["3"], await WaitingAsync(0, 100, 10));
    }

    [Fact]
    public async Task The_oldest_messages_of_a_device_are_dropped_beyond_a_number_and_no_others()
    {
        foreach (var (userId, deviceId, count) in new[] { (Alice, "D", 5), (Alice, "E", 3), (Bob, "D", 4) })
        {
            for (var i = 0; i < count; i++)
            {
                var json = Json($"{i}");
                await CommitAsync(unit =>
                    Storage.ToDevice.Put(unit, new ToDeviceRow(userId, deviceId, json, 0), unit.NextPosition(ChangeKind.ToDevice, userId)));
            }
        }

        await Storage.ToDevice.TrimAsync(3);

        Assert.Equal(["2", "3", "4"], await WaitingAsync(0, 100, 10));
        Assert.Equal(3, (await Storage.ToDevice.WaitingAsync(Alice, "E", 0, 100, 10)).Count);
        Assert.Equal(["1", "2", "3"], (await Storage.ToDevice.WaitingAsync(Bob, "D", 0, 100, 10)).Select(row => Text(row.Json)));
    }

    [Fact]
    public async Task Typing_and_presence_keep_the_newest_state()
    {
        await CommitAsync(unit =>
        {
            Storage.Ephemeral.PutTyping(unit, new TypingRow(Room, new Dictionary<string, long> { [Alice] = 5 }, 0), unit.NextPosition(ChangeKind.Typing, Room));
            Storage.Ephemeral.PutTyping(
                unit, new TypingRow(Room, new Dictionary<string, long> { [Alice] = 6, [Bob] = 7 }, 0), unit.NextPosition(ChangeKind.Typing, Room));
            Storage.Ephemeral.PutPresence(unit, new PresenceRow(Alice, "online", "hi\0", 8, true, 0), unit.NextPosition(ChangeKind.Presence, Alice));
            Storage.Ephemeral.PutPresence(unit, new PresenceRow(Bob, "offline", null, 9, false, 0), unit.NextPosition(ChangeKind.Presence, Bob));
        });

        var typing = Assert.Single(await Storage.Ephemeral.TypingChangedAsync([Room, OtherRoom], 0, 10));
        Assert.Equal(2, typing.Position);
        Assert.Equal(7, typing.Users[Bob]);
        Assert.Empty(await Storage.Ephemeral.TypingChangedAsync([Room], 2, 10));
        Assert.Equal([new PresenceRow(Alice, "online", "hi\0", 8, true, 3)], await Storage.Ephemeral.PresenceAsync([Alice, Carol]));
        Assert.Equal([new PresenceRow(Bob, "offline", null, 9, false, 4)], await Storage.Ephemeral.PresenceChangedAsync(3, 4));
    }

    private async Task<long> PutAsync(string roomId, string type, string json) =>
        (await CommitAsync(unit => Storage.AccountData.Put(
            unit, new AccountDataRow(Alice, roomId, type, Json(json), 0), unit.NextPosition(ChangeKind.AccountData, Alice)))).FirstPosition;

    private async Task<long> PutReceiptAsync(string roomId, string userId, string type, string thread, string eventId) =>
        (await CommitAsync(unit => Storage.Receipts.Put(
            unit, new ReceiptRow(roomId, userId, type, thread, eventId, new HistoryOrder(7, -2), 99, 0),
            unit.NextPosition(ChangeKind.Receipt, roomId)))).FirstPosition;

    private async Task<IEnumerable<string>> WaitingAsync(long after, long upTo, int limit) =>
        (await Storage.ToDevice.WaitingAsync(Alice, "D", after, upTo, limit)).Select(row => Text(row.Json));
}

public sealed class SqliteUserDataStoreTests() : UserDataStoreTests(new SqliteBackend());

public sealed class PostgresUserDataStoreTests(PostgresCluster cluster) : UserDataStoreTests(new PostgresBackend(cluster));
