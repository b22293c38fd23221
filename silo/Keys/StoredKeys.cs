using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Keys;

/// <summary>
/// The signing keys in the database, where all silos find the same (ADR 0090): as the lines of a key file, sealed if there is a secret.
/// </summary>
/// <param name="name">The setting in the database.</param>
internal sealed class StoredKeys(IStorage storage, string name, MatrixSettings settings, IRandom random)
{
    private readonly KeySeal? _seal = settings.KeySecret.IsEmpty ? null : new KeySeal(settings.KeySecret, random);

    /// <summary>The keys; null if the database has none.</summary>
    /// <exception cref="SettingsException">They are sealed, and the secret is missing or another one.</exception>
    public async Task<IReadOnlyList<SigningKey>?> ReadAsync()
    {
        if (await storage.Servers.GetSettingAsync(name) is not { } stored)
            return null;
        var keys = Open(stored);
        if (_seal is not null && !KeySeal.IsSealed(stored))
            await storage.Servers.ReplaceSettingAsync(name, stored, Seal(keys));
        return keys;
    }

    /// <summary>Stores the keys if there is none yet. Of silos that do so at once one is first, and all get that one's.</summary>
    public async Task<IReadOnlyList<SigningKey>> StoreAsync(IEnumerable<SigningKey> keys) =>
        Open(await storage.Servers.SetSettingOnceAsync(name, Seal(keys)));

    /// <summary>Adds a key to those that are stored; false if they have become others meanwhile, or there are none.</summary>
    /// <exception cref="SettingsException">They are sealed, and the secret is missing or another one.</exception>
    public async Task<bool> AddAsync(SigningKey key)
    {
        if (await storage.Servers.GetSettingAsync(name) is not { } stored)
            return false;
        var longer = Seal([.. Open(stored), key]);
        await storage.Servers.ReplaceSettingAsync(name, stored, longer);
        return await storage.Servers.GetSettingAsync(name) == longer;
    }

    private string Seal(IEnumerable<SigningKey> keys) => _seal?.Seal(name, KeyLines.Write(keys)) ?? KeyLines.Write(keys);

    private IReadOnlyList<SigningKey> Open(string stored)
    {
        var lines = stored;
        if (KeySeal.IsSealed(stored))
        {
            if (_seal is null)
                throw new SettingsException("Matrix:KeySecret", "is not set, but the signing keys in the database are sealed with a secret");
            lines = _seal.Open(name, stored) ??
                throw new SettingsException("Matrix:KeySecret", "is not the secret that the signing keys in the database are sealed with");
        }

        return KeyLines.Parse(lines) ?? throw new SettingsException("Matrix:Database", $"the setting {name} in it is not a signing key");
    }
}
