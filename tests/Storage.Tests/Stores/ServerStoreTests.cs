using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class ServerStoreTests(Backend backend) : StoreTests(backend)
{
    [Fact]
    public async Task Server_keys_are_replaced()
    {
        var key = new ServerKeyRow("two.test", "ed25519:a", Json("key"), 100, false, 50);
        await CommitAsync(unit =>
        {
            Storage.Servers.PutKey(unit, key with { ValidUntil = 1 });
            Storage.Servers.PutKey(unit, key);
            Storage.Servers.PutKey(unit, key with { ValidUntil = 200, FetchedAt = 49 });
            Storage.Servers.PutKey(unit, key with { KeyId = new string('x', 5000), IsOld = true });
        });

        var keys = await Storage.Servers.KeysAsync("two.test");

        Assert.Equal([key with { PublicKey = default }, key with { KeyId = new string('x', 5000), IsOld = true, PublicKey = default }],
            keys.Select(row => row with { PublicKey = default }));
        Assert.Equal("key", Text(keys[0].PublicKey));
        Assert.Empty(await Storage.Servers.KeysAsync("one.test"));
    }

    [Fact]
    public async Task The_keys_as_a_server_published_them_are_kept()
    {
        Assert.Empty(await Storage.Servers.KeyListsAsync("two.test"));
        await CommitAsync(unit => Storage.Servers.PutKeyList(unit, "two.test", "ed25519:a", Json("1"), 5));
        await CommitAsync(unit => Storage.Servers.PutKeyList(unit, "two.test", "ed25519:a", Json("2"), 6));
        await CommitAsync(unit => Storage.Servers.PutKeyList(unit, "two.test", "ed25519:a", Json("older"), 5));
        await CommitAsync(unit => Storage.Servers.PutKeyList(unit, "two.test", "ed25519:b", Json("3"), 4));
        Assert.Equal(
            [("ed25519:b", "3", 4L), ("ed25519:a", "2", 6L)],
            (await Storage.Servers.KeyListsAsync("two.test")).Select(l => (l.KeyId, Text(l.Json), l.ValidUntil)));
        await CommitAsync(unit => Storage.Servers.DeleteKeyList(unit, "two.test", "ed25519:b"));
        Assert.Equal("ed25519:a", Assert.Single(await Storage.Servers.KeyListsAsync("two.test")).KeyId);
    }

    [Fact]
    public async Task An_inbound_transaction_keeps_its_first_answer()
    {
        var id = new string('i', 8000);
        Assert.Null(await Storage.Servers.FindInboundTransactionAsync("two.test", id));
        await CommitAsync(unit => Storage.Servers.PutInboundTransaction(unit, "two.test", id, Json("1"), 5));
        await CommitAsync(unit => Storage.Servers.PutInboundTransaction(unit, "two.test", id, Json("2"), 6));

        await Storage.Servers.PruneInboundTransactionsAsync(5);
        Assert.Equal("1", Text(await Storage.Servers.FindInboundTransactionAsync("two.test", id)));
        await Storage.Servers.PruneInboundTransactionsAsync(6);
        Assert.Null(await Storage.Servers.FindInboundTransactionAsync("two.test", id));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_remembered_until_it_does()
    {
        Assert.Null(await Storage.Servers.BackoffAsync("two.test"));
        await CommitAsync(unit => Storage.Servers.PutBackoff(unit, new ServerBackoffRow("two.test", 5, 1_900_000_000_000)));
        await CommitAsync(unit => Storage.Servers.PutBackoff(unit, new ServerBackoffRow("two.test", 6, 1_900_000_060_000)));
        Assert.Equal(new ServerBackoffRow("two.test", 6, 1_900_000_060_000), await Storage.Servers.BackoffAsync("two.test"));
        Assert.Null(await Storage.Servers.BackoffAsync("three.test"));

        await CommitAsync(unit => Storage.Servers.RemoveBackoff(unit, "two.test"));
        Assert.Null(await Storage.Servers.BackoffAsync("two.test"));
    }

    [Fact]
    public async Task A_setting_is_set_once()
    {
        Assert.Null(await Storage.Servers.GetSettingAsync("key"));
        var second = await Backend.OpenAsync();
        var values = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => Task.Run(() => (i % 2 == 0 ? Storage : second).Servers.SetSettingOnceAsync("key", $"{i}").AsTask())));

        Assert.Single(values.Distinct());
        Assert.Equal(values[0], await second.Servers.GetSettingAsync("key"));
    }

    [Fact]
    public async Task A_setting_is_replaced_by_who_knows_it()
    {
        await Storage.Servers.ReplaceSettingAsync("key", "", "new");
        Assert.Null(await Storage.Servers.GetSettingAsync("key"));
        await Storage.Servers.SetSettingOnceAsync("key", "old");
        await Storage.Servers.ReplaceSettingAsync("key", "other", "wrong");
        Assert.Equal("old", await Storage.Servers.GetSettingAsync("key"));
        await Storage.Servers.ReplaceSettingAsync("key", "old", "new");
        Assert.Equal("new", await Storage.Servers.GetSettingAsync("key"));
    }

    [Fact]
    public async Task Media_are_put_and_deleted()
    {
        var media = new MediaRow("one.test", "abc", Alice, null, "file\0name", 0, null, 7);
        await CommitAsync(unit => Storage.Media.Put(unit, media));
        Assert.Equal(media, await Storage.Media.GetAsync("one.test", "abc"));

        var uploaded = media with { ContentType = "image/png", Size = long.MaxValue, Sha256 = "00" };
        await CommitAsync(unit => Storage.Media.Put(unit, uploaded));
        Assert.Equal(uploaded, await Storage.Media.GetAsync("one.test", "abc"));

        await CommitAsync(unit => Storage.Media.Delete(unit, "one.test", "abc"));
        Assert.Null(await Storage.Media.GetAsync("one.test", "abc"));
    }
}

public sealed class SqliteServerStoreTests() : ServerStoreTests(new SqliteBackend());

public sealed class PostgresServerStoreTests(PostgresCluster cluster) : ServerStoreTests(new PostgresBackend(cluster));
