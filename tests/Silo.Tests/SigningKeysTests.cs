using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Silo.Keys;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Silo.Tests;

/// <summary>Another signing key, from a time on (ADR 0138), where keys are in a file.</summary>
public sealed class SigningKeysTests : IAsyncLifetime
{
    private static readonly TimeSpan s_lead = TimeSpan.FromMinutes(5);

    private readonly TemporaryFolder _folder = new();
    private readonly TestClock _clock = new();
    private readonly MatrixSettings _settings;
    private readonly IStorage _storage;

    public SigningKeysTests()
    {
        _settings = new MatrixSettings { ServerName = ServerName.Parse("localhost"), DataDirectory = _folder.Path };
        _storage = SqliteStorage.Open(_folder.File("database.db"), _clock, NullLoggerFactory.Instance);
    }

    private string KeyFile => _folder.File("signing.key");

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    public async ValueTask InitializeAsync() => await _storage.MigrateAsync(TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_running_server_takes_up_a_key_before_it_signs()
    {
        var keys = await StartAsync();
        var first = keys.Own.At(Now);
        var second = await AddAsync();
        Assert.Equal([first.KeyId], keys.Own.InUse(Now).Select(static key => key.KeyId));
        await keys.RefreshAsync(_storage);
        Assert.Equal([first.KeyId, second], keys.Own.InUse(Now).Select(static key => key.KeyId));
        Assert.Equal(first.KeyId, keys.Own.At(Now).KeyId);

        _clock.Advance(s_lead);
        Assert.Equal(second, keys.Own.At(Now).KeyId);
        Assert.Equal([(first.KeyId, Now)], keys.Own.Old(Now).Select(static key => (key.Key.KeyId, key.ValidUntilTs)));
    }

    [Fact]
    public async Task A_server_that_starts_knows_former_keys_though_their_private_halves_are_gone()
    {
        var first = (await StartAsync()).Own.At(Now);
        var second = await AddAsync();
        _clock.Advance(s_lead);
        await File.WriteAllTextAsync(KeyFile, (await File.ReadAllLinesAsync(KeyFile))[1]);
        var keys = await StartAsync();
        Assert.Equal((second, first.KeyId), (keys.Own.At(Now).KeyId, Assert.Single(keys.Own.Old(Now)).Key.KeyId));
    }

    [Fact]
    public async Task A_server_does_not_start_without_the_key_that_signs()
    {
        await StartAsync();
        await AddAsync();
        await File.WriteAllTextAsync(KeyFile, (await File.ReadAllLinesAsync(KeyFile))[0]);
        Assert.Contains("signing.key", (await Assert.ThrowsAsync<SettingsException>(StartAsync)).Message);
    }

    [Fact]
    public async Task Of_two_that_add_a_key_at_once_one_does()
    {
        var history = await HistoryAsync();
        var adding = New();
        Assert.NotNull(await adding.AddAsync(_storage, history, Now + 1000));
        Assert.Null(await adding.AddAsync(_storage, history, Now + 2000));
        Assert.Equal(Now + 1000, KeyHistory.LastFrom((await KeyHistory.ReadAsync(_storage))!));
    }

    [Fact]
    public async Task The_file_stays_the_owners_alone_when_a_key_is_added()
    {
        await StartAsync();
        await AddAsync();
        Assert.Equal(2, (await File.ReadAllLinesAsync(KeyFile)).Length);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
    }

    private SigningKeys New() => new(_settings, new SystemRandom(), _clock, NullLogger<SigningKeys>.Instance);

    private async Task<SigningKeys> StartAsync()
    {
        var keys = New();
        await keys.ReadAsync(_storage);
        return keys;
    }

    private async Task<string> HistoryAsync()
    {
        await StartAsync();
        return (await KeyHistory.ReadAsync(_storage))!;
    }

    private async Task<string> AddAsync()
    {
        var from = (_clock.GetUtcNow() + s_lead).ToUnixTimeMilliseconds();
        return (await New().AddAsync(_storage, (await KeyHistory.ReadAsync(_storage))!, from))!.KeyId;
    }

    public async ValueTask DisposeAsync()
    {
        await _storage.DisposeAsync();
        _folder.Dispose();
    }
}
