using System.Text.Json;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>All public keys of a user, for checking signatures.</summary>
internal sealed class KeySet
{
    private KeySet()
    {
    }

    /// <summary>Identity keys by device id.</summary>
    public required IReadOnlyDictionary<string, ReadOnlyMemory<byte>> DeviceKeys { get; init; }

    public CrossSigningKey? Master { get; private init; }

    public CrossSigningKey? SelfSigning { get; private init; }

    public CrossSigningKey? UserSigning { get; private init; }

    public static async Task<KeySet> LoadAsync(IStorage storage, string userId)
    {
        var devices = await storage.Keys.DeviceKeysAsync(userId);
        var keys = (await storage.Keys.CrossSigningKeysAsync(userId))
            .ToDictionary(k => k.Usage, k => CrossSigningKey.FromStored(k.Usage, k.Json), StringComparer.Ordinal);
        return new KeySet
        {
            DeviceKeys = devices.ToDictionary(d => d.DeviceId, d => d.Json, StringComparer.Ordinal),
            Master = keys.GetValueOrDefault(CrossSigningKey.Master),
            SelfSigning = keys.GetValueOrDefault(CrossSigningKey.SelfSigning),
            UserSigning = keys.GetValueOrDefault(CrossSigningKey.UserSigning),
        };
    }

    /// <summary>The Ed25519 key of the device that <paramref name="keyId"/> (<c>ed25519:DEVICE</c>) names; null if there is none.</summary>
    public VerifyKey? DeviceSigningKey(string keyId)
    {
        if (!KeyIds.IsEd25519(keyId) || !DeviceKeys.TryGetValue(keyId[KeyIds.Ed25519Prefix.Length..], out var json))
            return null;
        return JsonBytes.TryParseObject(json, out var device) && device.TryGetProperty("keys"u8, out var keys)
            && keys.TryGetProperty(keyId, out var text) && text.ValueKind == JsonValueKind.String
            && VerifyKey.TryParse(keyId, text.GetString()!, out var key) ? key : null;
    }
}
