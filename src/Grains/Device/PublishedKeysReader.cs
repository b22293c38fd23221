using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>Reads users' public keys and puts those signatures on them that the viewer may see.</summary>
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
        return KeysOf(userId, await storage.Keys.OfUsersAsync([userId]), viewer) with { StreamId = streamId };
    }

    /// <summary>The same of many users at once, without the ids of their device lists. None of a user who has no keys.</summary>
    public async Task<IReadOnlyDictionary<string, PublishedKeys>> ReadAsync(IReadOnlyCollection<string> userIds, string viewer)
    {
        var keys = await storage.Keys.OfUsersAsync(userIds);
        return userIds.Distinct(StringComparer.Ordinal).Where(user => keys.Devices.Contains(user) || keys.CrossSigning.Contains(user))
            .ToDictionary(static user => user, user => KeysOf(user, keys, viewer), StringComparer.Ordinal);
    }

    private static PublishedKeys KeysOf(string userId, KeysOfUsers keys, string? viewer)
    {
        var signatures = keys.Signatures[userId].Where(s => s.SignerId == userId || s.SignerId == viewer)
            .ToLookup(static s => s.Target, static s => new KeySignature(s.SignerId, s.KeyId, s.Signature));
        return new PublishedKeys(
            [.. keys.Devices[userId].Select(d => Device(d.Keys, d.DisplayName)).OfType<PublishedDeviceKeys>()],
            Key("master"), Key("self_signing"), userId == viewer ? Key("user_signing") : null);

        // A device whose stored keys cannot be read has none.
        PublishedDeviceKeys? Device(DeviceKeysRow row, string? displayName) => KeyJson.Merge(row.Json, signatures[row.DeviceId]) is { } json
            ? new PublishedDeviceKeys(row.DeviceId, json, displayName) : null;

        ReadOnlyMemory<byte>? Key(string usage)
        {
            if (keys.CrossSigning[userId].FirstOrDefault(k => k.Usage == usage) is not { } row || CrossSigningKey.FromStored(usage, row.Json) is not { } key)
                return null;
            return KeyJson.Merge(row.Json, signatures[key.PublicKey]);
        }
    }
}
