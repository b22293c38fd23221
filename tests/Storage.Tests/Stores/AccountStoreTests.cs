using OrleansMatrix.Storage.Tests.Backends;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Storage.Tests.Stores;

public abstract class AccountStoreTests(Backend backend) : StoreTests(backend)
{
    private static readonly AccountRow Account = new(Alice, "hash", true, false, false, false, true, "bridge", 1234);

    [Fact]
    public async Task A_user_id_is_taken_once()
    {
        await CommitAsync(unit => Storage.Accounts.Create(unit, Account));

        await Assert.ThrowsAsync<ConflictException>(() => CommitAsync(unit => Storage.Accounts.Create(unit, Account with { PasswordHash = "other" })));

        Assert.Equal(Account, await Storage.Accounts.GetAsync(Alice));
        await CommitAsync(unit => Storage.Accounts.Update(unit, Account with { PasswordHash = null, Locked = true }));
        Assert.Equal(Account with { PasswordHash = null, Locked = true }, await Storage.Accounts.GetAsync(Alice));
        Assert.Null(await Storage.Accounts.GetAsync(Bob));
    }

    [Fact]
    public async Task Accounts_are_counted_and_listed_in_pages()
    {
        await CommitAsync(unit =>
        {
            foreach (var name in (string[])["@c:one.test", "@a:one.test", "@b:one.test"]) Storage.Accounts.Create(unit, Account with { UserId = name });
        });

        Assert.Equal(3, await Storage.Accounts.CountAsync());
        Assert.Equal(["@a:one.test", "@b:one.test"], (await Storage.Accounts.ListAsync(null, 2)).Select(row => row.UserId));
        Assert.Equal(["@c:one.test"], (await Storage.Accounts.ListAsync("@b:one.test", 2)).Select(row => row.UserId));
    }

    [Fact]
    public async Task Tokens_are_found_by_hash_and_deleted_by_device_or_user()
    {
        await CommitAsync(unit =>
        {
            Storage.Accounts.PutToken(unit, Token(1, TokenKind.Access, "D1", 500, 2));
            Storage.Accounts.PutToken(unit, Token(2, TokenKind.Refresh, "D1"));
            Storage.Accounts.PutToken(unit, Token(3, TokenKind.Access, "D2"));
            Storage.Accounts.PutToken(unit, Token(4, TokenKind.Login, "D1"));
            Storage.Accounts.PutToken(unit, Token(5, TokenKind.Access, "D2"));
        });
        var found = await Storage.Accounts.FindTokenAsync(Hash(1));
        Assert.Equal((TokenKind.Access, Alice, "D1", 500), (found!.Kind, found.UserId, found.DeviceId, found.ExpiresAt));
        Assert.Equal(Hash(2).ToArray(), found.RefreshHash!.Value.ToArray());
        Assert.Null((await Storage.Accounts.FindTokenAsync(Hash(2)))!.RefreshHash);

        await CommitAsync(unit => Storage.Accounts.DeleteTokens(unit, Alice, "D1"));
        Assert.Equal([3, 4, 5], await TokensAsync());
        await CommitAsync(unit => Storage.Accounts.DeleteToken(unit, Hash(5)));
        Assert.Equal([3, 4], await TokensAsync());
        await CommitAsync(unit => Storage.Accounts.DeleteTokens(unit, Alice, null));
        Assert.Equal([4], await TokensAsync());
        await CommitAsync(unit => Storage.Accounts.PutToken(unit, Token(6, TokenKind.OpenId, "", 500)));
        await Storage.Accounts.PruneTokensAsync(500);
        Assert.Equal([4, 6], await TokensAsync());
        await Storage.Accounts.PruneTokensAsync(501);
        Assert.Equal([4], await TokensAsync());
    }

    [Fact]
    public async Task Profile_fields_are_put_and_deleted()
    {
        await CommitAsync(unit =>
        {
            Storage.Accounts.PutProfileField(unit, Alice, "displayname", Json("\"A\""));
            Storage.Accounts.PutProfileField(unit, Alice, "m.tz", Json("\"UTC\""));
        });
        await CommitAsync(unit =>
        {
            Storage.Accounts.PutProfileField(unit, Alice, "displayname", Json("\"B\""));
            Storage.Accounts.PutProfileField(unit, Alice, "m.tz", null);
        });

        var profile = await Storage.Accounts.GetProfileAsync(Alice);

        Assert.Equal("displayname", Assert.Single(profile).Key);
        Assert.Equal("\"B\"", Text(profile["displayname"]));
        Assert.Empty(await Storage.Accounts.GetProfileAsync(Bob));
    }

    [Fact]
    public async Task Users_are_searched_by_id_and_name()
    {
        await CommitAsync(unit =>
        {
            Storage.Accounts.Create(unit, Account);
            Storage.Accounts.Create(unit, Account with { UserId = Bob });
            Storage.Accounts.Create(unit, Account with { UserId = "@guest:one.test", IsGuest = true });
            Storage.Accounts.PutProfileField(unit, Bob, "displayname", Json("\"Röbert\\u0000\""));
            Storage.Accounts.PutProfileField(unit, Bob, "avatar_url", Json("\"mxc://one.test/b\""));
            Storage.Memberships.Put(unit, new MembershipRow(Room, Carol, "join", Carol, "$e", 0, null, false, "Carol R", null), null);
            Storage.Memberships.Put(unit, new MembershipRow(Room, Bob, "join", Bob, "$e", 0, null, false, "Nick", null),
                unit.NextPosition(ChangeKind.Membership, Bob));
            Storage.Memberships.Put(unit, new MembershipRow(OtherRoom, Alice, "join", Alice, "$e", 0, null, false, null, null),
                unit.NextPosition(ChangeKind.Membership, Alice));
        });

        Assert.Empty(await Storage.Accounts.SearchUsersAsync(Alice, "RÖB", 10));
        await CommitAsync(unit => Storage.Rooms.PutSummary(unit, new RoomSummaryRow(Room, null, null, null, null, null, "public", false, false, false, 2)));
        Assert.Single(await Storage.Accounts.SearchUsersAsync(Alice, "RÖB", 10));
        await CommitAsync(unit => Storage.Rooms.PutSummary(unit, new RoomSummaryRow(Room, null, null, null, null, null, "invite", true, false, false, 2)));
        Assert.Single(await Storage.Accounts.SearchUsersAsync(Alice, "RÖB", 10));
        await CommitAsync(unit =>
        {
            Storage.Rooms.PutSummary(unit, new RoomSummaryRow(Room, null, null, null, null, null, "invite", false, false, false, 2));
            Storage.Memberships.Put(unit, new MembershipRow(Room, Alice, "join", Alice, "$e", 0, null, false, null, null),
                unit.NextPosition(ChangeKind.Membership, Alice));
        });
        Assert.Equal([(Bob, "Röbert\0", "mxc://one.test/b")], await Storage.Accounts.SearchUsersAsync(Alice, "RÖB", 10));
        Assert.Equal([(Carol, "Carol R", null)], await Storage.Accounts.SearchUsersAsync(Alice, "two.test", 10));
        Assert.Equal([(Bob, "Röbert\0", "mxc://one.test/b")], await Storage.Accounts.SearchUsersAsync(Alice, "", 1));
        Assert.Empty(await Storage.Accounts.SearchUsersAsync(Alice, "guest", 10));

        // Of a public room nothing is known any more once the last of this server has left it.
        const string Abroad = "!abroad:two.test";
        await CommitAsync(unit =>
        {
            Storage.Rooms.PutSummary(unit, new RoomSummaryRow(Abroad, null, null, null, null, null, "public", false, false, false, 2));
            Storage.Memberships.Put(unit, new MembershipRow(Abroad, "@dora:two.test", "join", "@dora:two.test", "$e", 0, null, false, "Dora", null), null);
            Storage.Memberships.Put(unit, new MembershipRow(Abroad, Bob, "join", Bob, "$e", 0, null, false, null, null),
                unit.NextPosition(ChangeKind.Membership, Bob));
        });
        Assert.Single(await Storage.Accounts.SearchUsersAsync(Alice, "dora", 10));
        await CommitAsync(unit => Storage.Memberships.Put(unit, new MembershipRow(Abroad, Bob, "leave", Bob, "$e", 0, null, false, null, null),
            unit.NextPosition(ChangeKind.Membership, Bob)));
        Assert.Empty(await Storage.Accounts.SearchUsersAsync(Alice, "dora", 10));
        Assert.Empty(await Storage.Accounts.SearchUsersAsync(Alice, "%", 10));

        await CommitAsync(unit => Storage.Accounts.Update(unit, Account with { UserId = Bob, Deactivated = true }));
        Assert.Empty(await Storage.Accounts.SearchUsersAsync(Alice, "röb", 10));
    }

    [Fact]
    public async Task Erased_accounts_are_listed_and_private_data_is_deleted()
    {
        await CommitAsync(unit =>
        {
            foreach (var userId in new[] { Alice, Bob })
            {
                Storage.Accounts.Create(unit, Account with { UserId = userId });
                Storage.AccountData.Put(unit, new AccountDataRow(userId, "", "m.x", Json("{}"), 0), unit.NextPosition(ChangeKind.AccountData, userId));
            }
        });
        var filter = await Storage.AccountData.AddFilterAsync(Bob, Json("{}"));
        Assert.Empty(await Storage.Accounts.ErasedAsync());

        await CommitAsync(unit =>
        {
            Storage.Accounts.Update(unit, Account with { UserId = Bob, Deactivated = true, Erased = true });
            Storage.AccountData.DeleteAll(unit, Bob);
            unit.NextPosition(ChangeKind.Erasure, Bob);
        });

        Assert.Equal([Bob], await Storage.Accounts.ErasedAsync());
        Assert.True((await Storage.Accounts.GetAsync(Bob))!.Erased);
        Assert.Null(await Storage.AccountData.GetAsync(Bob, "", "m.x"));
        Assert.Null(await Storage.AccountData.GetFilterAsync(Bob, filter));
        Assert.NotNull(await Storage.AccountData.GetAsync(Alice, "", "m.x"));
    }

    [Fact]
    public async Task What_is_to_be_taken_away_is_noted()
    {
        await CommitAsync(unit =>
        {
            foreach (var (user, device) in ((string, string)[])[(Bob, "D2"), (Bob, ""), (Bob, "D2"), (Alice, "D")])
                Storage.Accounts.AddCleanup(unit, user, device);
        });
        Assert.Equal(["", "D2"], await Storage.Accounts.CleanupsAsync(Bob));
        Assert.Equal([Alice, Bob], await Storage.Accounts.UsersToCleanUpAsync());
        await CommitAsync(unit => Storage.Accounts.RemoveCleanup(unit, Alice, "D"));
        Assert.Empty(await Storage.Accounts.CleanupsAsync(Alice));
        Assert.Equal([Bob], await Storage.Accounts.UsersToCleanUpAsync());
    }

    [Fact]
    public async Task Registration_tokens_are_kept()
    {
        var token = new RegistrationTokenRow("abc", 3, 0, null);
        await CommitAsync(unit => Storage.Accounts.PutRegistrationToken(unit, token));
        await CommitAsync(unit => Storage.Accounts.PutRegistrationToken(unit, token with { Completed = 1, ExpiresAt = 5 }));
        await CommitAsync(unit => Storage.Accounts.PutRegistrationToken(unit, new RegistrationTokenRow("def", null, 0, null)));

        Assert.Equal(token with { Completed = 1, ExpiresAt = 5 }, await Storage.Accounts.GetRegistrationTokenAsync("abc"));
        Assert.Equal(["abc", "def"], (await Storage.Accounts.ListRegistrationTokensAsync()).Select(row => row.Token));
        await CommitAsync(unit => Storage.Accounts.DeleteRegistrationToken(unit, "abc"));
        Assert.Null(await Storage.Accounts.GetRegistrationTokenAsync("abc"));
    }

    private static ReadOnlyMemory<byte> Hash(byte number) => Enumerable.Repeat(number, 32).ToArray();

    private static TokenRow Token(byte number, TokenKind kind, string deviceId, long? expiresAt = null, byte? refresh = null) =>
        new(Hash(number), kind, Alice, deviceId, expiresAt, refresh is { } other ? Hash(other) : (ReadOnlyMemory<byte>?)null);

    private async Task<IEnumerable<int>> TokensAsync() => (await Storage.Accounts.TokensOfUserAsync(Alice)).Select(row => (int)row.Hash.Span[0]).Order();
}

public sealed class SqliteAccountStoreTests() : AccountStoreTests(new SqliteBackend());

public sealed class PostgresAccountStoreTests(PostgresCluster cluster) : AccountStoreTests(new PostgresBackend(cluster));
