using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Keys;

/// <summary>
/// A signing key in the database, where all silos find the same one (ADR 0090): as the line of a key file, sealed if there is a secret.
/// </summary>
/// <param name="name">The setting in the database.</param>
internal sealed class StoredKey(IStorage storage, string name, MatrixSettings settings, IRandom random)
{
    private readonly KeySeal? _seal = settings.KeySecret.IsEmpty ? null : new KeySeal(settings.KeySecret, random);

    /// <summary>The key; null if the database has none.</summary>
    /// <exception cref="SettingsException">It is sealed, and the secret is missing or another one.</exception>
    public async Task<SigningKey?> ReadAsync()
    {
        if (await storage.Servers.GetSettingAsync(name) is not { } stored)
            return null;
        var key = Open(stored);
        if (_seal is not null && !KeySeal.IsSealed(stored))
            await storage.Servers.ReplaceSettingAsync(name, stored, _seal.Seal(name, key.ToFileLine()));
        return key;
    }

    /// <summary>Stores the key if there is none yet. Of silos that do so at once one is first, and all get that one's.</summary>
    public async Task<SigningKey> StoreAsync(SigningKey key)
    {
        var line = key.ToFileLine();
        return Open(await storage.Servers.SetSettingOnceAsync(name, _seal?.Seal(name, line) ?? line));
    }

    private SigningKey Open(string stored)
    {
        var line = stored;
        if (KeySeal.IsSealed(stored))
        {
            if (_seal is null)
                throw new SettingsException("Matrix:KeySecret", "is not set, but the signing keys in the database are sealed with a secret");
            line = _seal.Open(name, stored) ??
                throw new SettingsException("Matrix:KeySecret", "is not the secret that the signing keys in the database are sealed with");
        }

        return SigningKey.TryParse(line, out var key) ? key : throw new SettingsException("Matrix:Database", $"the setting {name} in it is not a signing key");
    }
}
