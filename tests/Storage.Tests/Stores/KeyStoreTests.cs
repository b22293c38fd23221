using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class KeyStoreTests(Backend backend) : StoreTests(backend)
{
    private const string Curve = "signed_curve25519";

    [Fact]
    public async Task Devices_are_put_and_deleted_with_what_is_theirs()
    {
        var device = new DeviceRow(Alice, "D1", "Phone", "127.0.0.1", 5, "agent");
        await CommitAsync(unit =>
        {
            Storage.Devices.Put(unit, device with { DisplayName = null });
            Storage.Devices.Put(unit, device);
            Storage.Devices.Put(unit, new DeviceRow(Alice, "D2", null, null, null, null));
            foreach (var id in (string[])["D1", "D2"])
            {
                Storage.Keys.PutDeviceKeys(unit, new DeviceKeysRow(Alice, id, Json("{}")));
                Storage.Keys.PutOneTimeKey(unit, Key(id, "k"), 1);
                Storage.Keys.PutFallbackKey(unit, Key(id, "f"));
                Storage.ToDevice.Put(unit, new ToDeviceRow(Alice, id, Json("{}"), 0), unit.NextPosition(ChangeKind.ToDevice, Alice));
                Storage.Keys.PutSignature(unit, Bob, "ed25519:B", Alice, id, "sig");
            }
        });
        Assert.Equal([device, new DeviceRow(Alice, "D2", null, null, null, null)], await Storage.Devices.OfUserAsync(Alice));

        await CommitAsync(unit =>
        {
            Storage.Devices.Delete(unit, Alice, "D1");
            Storage.Keys.DeleteDevice(unit, Alice, "D1");
            Storage.ToDevice.DeleteUpTo(unit, Alice, "D1", long.MaxValue);
        });

        Assert.Equal(["D2"], (await Storage.Devices.OfUserAsync(Alice)).Select(row => row.DeviceId));
        Assert.Equal(["D2"], (await Storage.Keys.DeviceKeysAsync(Alice)).Select(row => row.DeviceId));
        Assert.Equal(["D2"], (await Storage.Keys.OfUsersAsync([Alice])).Signatures[Alice].Select(row => row.Target));
        Assert.Empty(await Storage.Keys.OneTimeKeysAsync(Alice, "D1"));
        Assert.Empty(await Storage.ToDevice.WaitingAsync(Alice, "D1", 0, 100, 10));
        Assert.Null(await Storage.Keys.ClaimAsync(Alice, "D1", Curve));
        Assert.Single(await Storage.ToDevice.WaitingAsync(Alice, "D2", 0, 100, 10));
        Assert.Equal("k", (await Storage.Keys.ClaimAsync(Alice, "D2", Curve))!.KeyId);
    }

    [Fact]
    public async Task Keys_and_signatures_are_replaced()
    {
        var longKey = new string('k', 70_000);
        await CommitAsync(unit =>
        {
            Storage.Keys.PutCrossSigningKey(unit, new CrossSigningKeyRow(Alice, "master", Json("1")));
            Storage.Keys.PutCrossSigningKey(unit, new CrossSigningKeyRow(Alice, "master", Json("2")));
            Storage.Keys.PutDeviceKeys(unit, new DeviceKeysRow(Alice, "D", Json("1")));
            Storage.Keys.PutDeviceKeys(unit, new DeviceKeysRow(Alice, "D", Json("2")));
            Storage.Keys.PutSignature(unit, Alice, "ed25519:a", Alice, "D", "one");
            Storage.Keys.PutSignature(unit, Alice, "ed25519:a", Alice, "D", "two");
            Storage.Keys.PutSignature(unit, Bob, longKey, Alice, longKey, "three");
        });

        Assert.Equal("2", Text(Assert.Single(await Storage.Keys.CrossSigningKeysAsync(Alice)).Json));
        Assert.Equal("2", Text(Assert.Single(await Storage.Keys.DeviceKeysAsync(Alice)).Json));
        Assert.Equal(
            [new KeySignatureRow(Alice, Alice, "ed25519:a", "D", "two"), new KeySignatureRow(Alice, Bob, longKey, longKey, "three")],
            (await Storage.Keys.OfUsersAsync([Bob, Alice])).Signatures[Alice]);
    }

    [Fact]
    public async Task One_time_keys_go_oldest_first_and_then_the_fallback_key_again_and_again()
    {
        await CommitAsync(unit =>
        {
            Storage.Keys.PutOneTimeKey(unit, Key("D", "second"), 2);
            Storage.Keys.PutOneTimeKey(unit, Key("D", "first"), 1);
            Storage.Keys.PutOneTimeKey(unit, Key("D", "other") with { Algorithm = "other" }, 0);
            Storage.Keys.PutFallbackKey(unit, Key("D", "fallback"));
        });
        var counts = await Storage.Keys.CountsAsync(Alice, "D");
        Assert.Equal(2, counts.OneTime[Curve]);
        Assert.Equal(1, counts.OneTime["other"]);
        Assert.Equal([Curve], counts.UnusedFallback);

        Assert.Equal("first", (await Storage.Keys.ClaimAsync(Alice, "D", Curve))!.KeyId);
        Assert.Equal("second", (await Storage.Keys.ClaimAsync(Alice, "D", Curve))!.KeyId);
        Assert.Equal("fallback", (await Storage.Keys.ClaimAsync(Alice, "D", Curve))!.KeyId);
        Assert.Equal("fallback", (await Storage.Keys.ClaimAsync(Alice, "D", Curve))!.KeyId);
        Assert.Null(await Storage.Keys.ClaimAsync(Alice, "D", "none"));
        counts = await Storage.Keys.CountsAsync(Alice, "D");
        Assert.DoesNotContain(Curve, counts.OneTime.Keys);
        Assert.Empty(counts.UnusedFallback);

        await CommitAsync(unit => Storage.Keys.PutFallbackKey(unit, Key("D", "fallback")));
        Assert.Empty((await Storage.Keys.CountsAsync(Alice, "D")).UnusedFallback);
        await CommitAsync(unit => Storage.Keys.PutFallbackKey(unit, Key("D", "new")));
        Assert.Equal([Curve], (await Storage.Keys.CountsAsync(Alice, "D")).UnusedFallback);
    }

    [Fact]
    public async Task A_one_time_key_is_never_given_out_twice()
    {
        const int keys = 200, claimers = 8;
        await CommitAsync(unit =>
        {
            for (var i = 0; i < keys; i++) Storage.Keys.PutOneTimeKey(unit, Key("D", $"k{i}"), i);
        });
        var second = await Backend.OpenAsync();

        var claimed = await Task.WhenAll(Enumerable.Range(0, claimers).Select(claimer => Task.Run(async () =>
        {
            var storage = claimer % 2 == 0 ? Storage : second;
            List<string> mine = [];
            while (await storage.Keys.ClaimAsync(Alice, "D", Curve) is { } key) mine.Add(key.KeyId);
            return mine;
        })));

        Assert.Equal(Enumerable.Range(0, keys).Select(i => $"k{i}").Order(StringComparer.Ordinal),
            claimed.SelectMany(mine => mine).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Claiming_announces_the_new_counts()
    {
        await CommitAsync(unit => Storage.Keys.PutOneTimeKey(unit, Key("D", "k"), 1));
        List<Change> seen = [];
        Storage.Feed.Subscribe(changes => seen.AddRange(changes.Span));

        await Storage.Keys.ClaimAsync(Alice, "D", Curve);

        Assert.Equal([new Change(1, ChangeKind.KeyCounts, Alice)], seen);
    }

    [Fact]
    public async Task Device_list_changes_are_seen_by_those_they_concern()
    {
        var first = await CommitAsync(unit => Storage.Keys.AddDeviceListChange(unit, Alice, unit.NextPosition(ChangeKind.DeviceList, Alice), null));
        var second = await CommitAsync(unit => Storage.Keys.AddDeviceListChange(unit, Carol, unit.NextPosition(ChangeKind.DeviceList, Bob), Bob));

        Assert.Equal([Alice, Carol], (await Storage.Keys.DeviceListChangesAsync(0, 10, Bob)).Order());
        Assert.Equal([Alice], await Storage.Keys.DeviceListChangesAsync(0, 10, Alice));
        Assert.Equal([Carol], await Storage.Keys.DeviceListChangesAsync(first.FirstPosition, second.FirstPosition, Bob));
        Assert.Empty(await Storage.Keys.DeviceListChangesAsync(second.FirstPosition, 10, Bob));
    }

    [Fact]
    public async Task Key_backups_have_versions_and_sessions()
    {
        var backup = new KeyBackupRow(Alice, 1, "m.megolm", Json("{}"), 0, false, 0);
        var sessions = Storage.Keys.Backups;
        Assert.Equal(0, await sessions.LastVersionAsync(Alice));
        var longId = new string('s', 9000);
        await CommitAsync(unit =>
        {
            sessions.Put(unit, backup);
            sessions.Put(unit, backup with { Version = 2, Etag = 3 });
            sessions.PutSession(unit, Alice, 2, new BackupSessionRow(Room, "s1", Json("old")));
            sessions.PutSession(unit, Alice, 2, new BackupSessionRow(Room, "s1", Json("1")));
            sessions.PutSession(unit, Alice, 2, new BackupSessionRow(Room, longId, Json("2")));
            sessions.PutSession(unit, Alice, 2, new BackupSessionRow(OtherRoom, "s1", Json("3")));
        });
        var newest = await sessions.GetAsync(Alice, null);
        Assert.Equal((2, "m.megolm", 3, false, 3), (newest!.Version, newest.Algorithm, newest.Etag, newest.Deleted, newest.Count));
        Assert.Equal(3, (await sessions.SessionsAsync(Alice, 2, null, null)).Count);
        Assert.Equal(["s1", longId], (await sessions.SessionsAsync(Alice, 2, Room, null)).Select(row => row.SessionId).Order());
        Assert.Equal("2", Text(Assert.Single(await sessions.SessionsAsync(Alice, 2, Room, longId)).Json));

        await CommitAsync(unit => sessions.DeleteSessions(unit, Alice, 2, Room, "s1"));
        Assert.Equal(2, (await sessions.SessionsAsync(Alice, 2, null, null)).Count);
        await CommitAsync(unit => sessions.DeleteSessions(unit, Alice, 2, Room, null));
        Assert.Equal(OtherRoom, Assert.Single(await sessions.SessionsAsync(Alice, 2, null, null)).RoomId);
        await CommitAsync(unit => sessions.Delete(unit, Alice, 2));
        Assert.Empty(await sessions.SessionsAsync(Alice, 2, null, null));
        Assert.Equal(1, (await sessions.GetAsync(Alice, null))!.Version);
        Assert.True((await sessions.GetAsync(Alice, 2))!.Deleted);
        Assert.Equal(2, await sessions.LastVersionAsync(Alice));
        Assert.Null(await sessions.GetAsync(Alice, 7));
    }

    private static OneTimeKeyRow Key(string deviceId, string keyId) => new(Alice, deviceId, Curve, keyId, Json($"\"{keyId}\""));
}

public sealed class SqliteKeyStoreTests() : KeyStoreTests(new SqliteBackend());

public sealed class PostgresKeyStoreTests(PostgresCluster cluster) : KeyStoreTests(new PostgresBackend(cluster));
