using OrleansMatrix.Federation;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Keys;

/// <summary>
/// The keys that this server signs with, known from <see cref="ReadAsync"/> on: on PostgreSQL in the database (ADR 0090), on SQLite in files of the data
/// directory.
/// </summary>
internal sealed class SigningKeys(MatrixSettings settings, IRandom random, TimeProvider time, ILogger<SigningKeys> logger)
{
    private const string OwnSetting = "signing_key_private";
    private const string PolicySetting = "policy_key_private";

    private string? _history;
    private volatile OwnKeys? _own;
    private SigningKey? _policy;

    /// <summary>The server's.</summary>
    public OwnKeys Own => _own ?? throw Early();

    /// <summary>That of the server as a policy server.</summary>
    public SigningKey Policy => _policy ?? throw Early();

    private bool IsShared => settings.Database.Length > 0;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Reads the keys, or makes them at the first start.</summary>
    /// <exception cref="SettingsException">A key cannot be read, or the database was used with another one.</exception>
    public async Task ReadAsync(IStorage storage)
    {
        // Read before the keys: another silo that starts stores its key first and notes it then, as does who adds one.
        var used = await KeyHistory.ReadAsync(storage);
        var keys = IsShared ? await ReadStoredAsync(storage, used) : SigningKeyFile.ReadOrCreate(settings.DataDirectory, random);
        _history = used ?? await KeyHistory.BeginAsync(storage, keys[^1]);
        _own = KeyHistory.Join(_history, keys, settings, Now);
        if (settings.PolicyServer is not null)
            _policy = IsShared ? await ReadPolicyAsync(storage) : SigningKeyFile.ReadOrCreatePolicyKey(settings.DataDirectory, random);
    }

    /// <summary>Takes up a key that was added since.</summary>
    /// <exception cref="SettingsException">Its private half is not at hand.</exception>
    public async Task RefreshAsync(IStorage storage)
    {
        if (await KeyHistory.ReadAsync(storage) is not { } history || history == _history)
            return;
        var keys = IsShared ? await new StoredKeys(storage, OwnSetting, settings, random).ReadAsync() : SigningKeyFile.Read(settings.DataDirectory);
        _own = KeyHistory.Join(history, keys ?? [], settings, Now);
        _history = history;
        SiloLog.NewKey(logger, keys![^1].KeyId, DateTimeOffset.FromUnixTimeMilliseconds(KeyHistory.LastFrom(history)));
    }

    /// <summary>
    /// Adds a key that signs from a time on. Its private half is stored first: whoever finds it among the public ones finds both. False if somebody else does
    /// the same.
    /// </summary>
    /// <param name="history">The keys as they are.</param>
    /// <param name="from">Milliseconds since the Unix epoch; late enough for all silos to take it up before.</param>
    /// <exception cref="SettingsException">The keys that are stored cannot be read.</exception>
    public async Task<SigningKey?> AddAsync(IStorage storage, string history, long from)
    {
        var key = SigningKey.Generate(random);
        if (IsShared)
        {
            if (!await new StoredKeys(storage, OwnSetting, settings, random).AddAsync(key))
                return null;
        }
        else
        {
            SigningKeyFile.Add(settings.DataDirectory, key, random);
        }

        return await KeyHistory.AddAsync(storage, history, key, from) ? key : null;
    }

    private async Task<IReadOnlyList<SigningKey>> ReadStoredAsync(IStorage storage, string? used)
    {
        var stored = new StoredKeys(storage, OwnSetting, settings, random);
        var ofFile = SigningKeyFile.Read(settings.DataDirectory);
        var keys = await stored.ReadAsync();
        if (keys is null)
        {
            // The database may have been used with the key of a file, which is to be taken over and no other.
            if (used is not null)
                KeyHistory.Join(used, ofFile ?? [], settings, Now);
            keys = await stored.StoreAsync(ofFile ?? [SigningKey.Generate(random)]);
        }

        if (ofFile is [.., var last] && keys.All(key => key.KeyId != last.KeyId))
            SiloLog.OtherKeyFile(logger, settings.DataDirectory, last.KeyId, keys[^1].KeyId);
        return keys;
    }

    private async Task<SigningKey> ReadPolicyAsync(IStorage storage)
    {
        var stored = new StoredKeys(storage, PolicySetting, settings, random);
        var keys = await stored.ReadAsync() ??
            await stored.StoreAsync([SigningKeyFile.ReadPolicyKey(settings.DataDirectory) ?? SigningKeyFile.GeneratePolicyKey(random)]);
        return keys[0];
    }

    private static InvalidOperationException Early() => new("the signing keys are read when the server has started");
}
