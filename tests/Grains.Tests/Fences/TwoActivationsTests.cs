using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.TestingHost;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;
using static OrleansMatrix.Grains.Tests.Room.RoomHarness;

namespace OrleansMatrix.Grains.Tests.Fences;

/// <summary>A silo that is cut off goes on with its activations while others make new ones: what it writes must not get past them (ADR 0004).</summary>
public sealed class TwoActivationsTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private IStorage _storage = null!;
    private InProcessTestCluster _former = null!;
    private InProcessTestCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _storage = SqliteStorage.Open(_folder.File("matrix.db"), _clock, NullLoggerFactory.Instance);
        await _storage.MigrateAsync(TestContext.Current.CancellationToken);
        _former = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage);
        _cluster = await GrainCluster.StartAsync(1, _folder.Path, _clock, _storage);
    }

    public async ValueTask DisposeAsync()
    {
        await _former.DisposeAsync();
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_former_activation_of_an_account_cannot_change_what_the_new_one_has_read()
    {
        var (former, account) = Activations<IAccountGrain>(Alice);
        Assert.True((await former.Register(new NewAccount(null, false, false, null, "Alice", null))).Ok);
        Assert.Contains("Alice", await ProfileAsync(account), StringComparison.Ordinal);

        await Assert.ThrowsAnyAsync<Exception>(() => former.SetProfileField("displayname", Utf8("\"former\"")));
        Assert.Equal("\"Alice\"", await StoredAsync("displayname"));

        // It reads again and owns the account then; the other is the former one now.
        Assert.True((await former.SetProfileField("displayname", Utf8("\"again\""))).Ok);
        await Assert.ThrowsAnyAsync<Exception>(() => account.SetProfileField("m.tz", Utf8("\"Europe/Rome\"")));
        Assert.True((await account.SetProfileField("m.tz", Utf8("\"Europe/Rome\""))).Ok);
        var profile = await ProfileAsync(account);
        Assert.Contains("again", profile, StringComparison.Ordinal);
        Assert.Contains("Europe/Rome", profile, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_use_of_a_registration_token_counts_once()
    {
        var unit = new WriteUnit();
        _storage.Accounts.PutRegistrationToken(unit, new RegistrationTokenRow("token", 3, 0, null));
        await _storage.CommitAsync(unit);
        var (former, token) = Activations<IRegistrationTokenGrain>("token");
        Assert.True(await former.Use());
        Assert.True(await token.Use());
        await Assert.ThrowsAnyAsync<Exception>(former.Use);
        Assert.Equal(2, (await _storage.Accounts.GetRegistrationTokenAsync("token"))!.Completed);
        Assert.True(await former.Use());
        Assert.False(await token.Use());
        Assert.False(await _cluster.Client.GetGrain<IRegistrationTokenGrain>("unknown").Use());
    }

    [Fact]
    public async Task Two_activations_never_make_the_same_backup_version()
    {
        var body = Utf8("""{"algorithm":"a","auth_data":{}}""");
        var (former, backups) = Activations<IKeyBackupGrain>(Alice);
        Assert.Equal("""{"version":"1"}""", Encoding.UTF8.GetString((await former.CreateVersion(body)).Value.Span));
        Assert.Equal("""{"version":"2"}""", Encoding.UTF8.GetString((await backups.CreateVersion(body)).Value.Span));
        await Assert.ThrowsAnyAsync<Exception>(() => former.CreateVersion(body));
        Assert.Equal(2, await _storage.Keys.Backups.LastVersionAsync(Alice));
        Assert.Equal("""{"version":"3"}""", Encoding.UTF8.GetString((await former.CreateVersion(body)).Value.Span));
    }

    /// <summary>References to one grain's activations on both sides of the split: the one that is asked first is the former one.</summary>
    private (T Former, T Current) Activations<T>(string key)
        where T : IGrainWithStringKey => (_former.Client.GetGrain<T>(key), _cluster.Client.GetGrain<T>(key));

    private async Task<string> StoredAsync(string key) => Encoding.UTF8.GetString((await _storage.Accounts.GetProfileAsync(Alice))[key].Span);

    private static async Task<string> ProfileAsync(IAccountGrain account) => Encoding.UTF8.GetString((await account.GetProfile()).Value.Span);
}
