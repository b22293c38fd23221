using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Keys;

/// <summary>
/// The keys that this server signs with, known from <see cref="ReadAsync"/> on: on PostgreSQL in the database (ADR 0090), on SQLite in files of the data
/// directory.
/// </summary>
internal sealed class SigningKeys(MatrixSettings settings, IRandom random, ILogger<SigningKeys> logger)
{
    private const string OwnSetting = "signing_key_private";
    private const string PolicySetting = "policy_key_private";

    private SigningKey? _own;
    private SigningKey? _policy;

    /// <summary>The server's.</summary>
    public SigningKey Own => _own ?? throw Early();

    /// <summary>That of the server as a policy server.</summary>
    public SigningKey Policy => _policy ?? throw Early();

    /// <summary>Reads the keys, or makes them at the first start.</summary>
    /// <exception cref="SettingsException">A key cannot be read, or the database was used with another one.</exception>
    public async Task ReadAsync(IStorage storage)
    {
        var isShared = settings.Database.Length > 0;
        _own = isShared ? await ReadOwnAsync(storage) : SigningKeyFile.ReadOrCreate(settings.DataDirectory, random);
        await DatabaseOwner.CheckKeyAsync(storage, settings, _own);
        if (settings.PolicyServer is not null)
            _policy = isShared ? await ReadPolicyAsync(storage) : SigningKeyFile.ReadOrCreatePolicyKey(settings.DataDirectory, random);
    }

    private async Task<SigningKey> ReadOwnAsync(IStorage storage)
    {
        var stored = new StoredKey(storage, OwnSetting, settings, random);
        var ofFile = SigningKeyFile.Read(settings.DataDirectory);

        // Read before the key: another silo that starts stores its key first and notes it then.
        var used = await DatabaseOwner.ReadKeyAsync(storage);
        var key = await stored.ReadAsync();
        if (key is null)
        {
            // The database may have been used with the key of a file, which is to be taken over and no other.
            DatabaseOwner.CheckFirstKey(settings, ofFile, used);
            key = await stored.StoreAsync(ofFile ?? SigningKey.Generate(random));
        }

        if (ofFile is not null && ofFile.KeyId != key.KeyId)
            SiloLog.OtherKeyFile(logger, settings.DataDirectory, ofFile.KeyId, key.KeyId);
        return key;
    }

    private async Task<SigningKey> ReadPolicyAsync(IStorage storage)
    {
        var stored = new StoredKey(storage, PolicySetting, settings, random);
        return await stored.ReadAsync() ??
            await stored.StoreAsync(SigningKeyFile.ReadPolicyKey(settings.DataDirectory) ?? SigningKeyFile.GeneratePolicyKey(random));
    }

    private static InvalidOperationException Early() => new("the signing keys are read when the server has started");
}
