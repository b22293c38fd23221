using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>Reads a local user's public keys and puts those signatures on them that the viewer may see.</summary>
internal sealed class PublishedKeysReader(IStorage storage)
{
    /// <summary>
    /// The keys as <paramref name="viewer"/> (null: another server) may see them. Signatures by the user itself are for everybody, those that others made on
    /// its keys only for those who made them; the user-signing key is only for the user (CS API, Cross-signing).
    /// </summary>
    public async Task<PublishedKeys> ReadAsync(string userId, string? viewer)
    {
        // First, so that what is read after it is at least as new.
        var streamId = viewer is null ? await storage.DeviceLists.NewestChangeAsync(userId) : 0;
        var devices = await storage.Keys.DeviceKeysAsync(userId);
        var crossSigning = await storage.Keys.CrossSigningKeysAsync(userId);
        if (devices.Count == 0 && crossSigning.Count == 0)
            return new PublishedKeys([], null, null, null, streamId);
        var names = (await storage.Devices.OfUserAsync(userId)).ToDictionary(d => d.DeviceId, d => d.DisplayName, StringComparer.Ordinal);
        var signatures = (await storage.Keys.SignaturesAsync(userId))
            .Where(s => s.SignerId == userId || s.SignerId == viewer)
            .ToLookup(s => s.Target, s => new KeySignature(s.SignerId, s.KeyId, s.Signature));
        return new PublishedKeys(
            [.. devices.Select(Device).OfType<PublishedDeviceKeys>()],
            Key("master"), Key("self_signing"), userId == viewer ? Key("user_signing") : null, streamId);

        // A device whose stored keys cannot be read has none.
        PublishedDeviceKeys? Device(DeviceKeysRow row) => KeyJson.Merge(row.Json, signatures[row.DeviceId]) is { } json
            ? new PublishedDeviceKeys(row.DeviceId, json, names.GetValueOrDefault(row.DeviceId)) : null;

        ReadOnlyMemory<byte>? Key(string usage)
        {
            if (crossSigning.FirstOrDefault(k => k.Usage == usage) is not { } row || CrossSigningKey.FromStored(usage, row.Json) is not { } key)
                return null;
            return KeyJson.Merge(row.Json, signatures[key.PublicKey]);
        }
    }
}
