using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Grains.Device;

/// <summary>A cross-signing key: an object with one Ed25519 public key (CS API, Cross-signing).</summary>
/// <param name="Usage">master, self_signing or user_signing.</param>
/// <param name="PublicKey">The key as its own id, unpadded Base64.</param>
internal sealed record CrossSigningKey(string Usage, string PublicKey, VerifyKey Key, ReadOnlyMemory<byte> Json)
{
    public const string Master = "master";
    public const string SelfSigning = "self_signing";
    public const string UserSigning = "user_signing";

    private const int MaxBytes = 64 * 1024;

    /// <summary>Checks a key that a client uploads for <paramref name="userId"/>.</summary>
    public static MatrixError? Read(JsonElement json, string userId, string usage, out CrossSigningKey? key)
    {
        key = null;
        if (json.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("A cross-signing key is not an object");
        if (!json.TryGetProperty("user_id"u8, out var owner) || owner.ValueKind != JsonValueKind.String || !owner.ValueEquals(userId))
            return MatrixError.InvalidParam("A cross-signing key names another user");
        if (!json.TryGetProperty("usage"u8, out var usages) || usages.ValueKind != JsonValueKind.Array
            || !usages.EnumerateArray().Any(u => u.ValueKind == JsonValueKind.String && u.ValueEquals(usage)))
            return MatrixError.InvalidParam($"A cross-signing key lacks the usage {usage}");
        var raw = JsonBytes.Raw(json);
        if (raw.Length > MaxBytes)
            return MatrixError.TooLarge("A cross-signing key is too large");
        if (JsonText.FindFault(raw.Span) is { } fault)
            return fault;
        key = Parse(usage, json, raw);
        return key is null ? MatrixError.InvalidParam("A cross-signing key must have exactly one Ed25519 key, named by itself") : null;
    }

    /// <summary>A key as stored; null if it is not one.</summary>
    public static CrossSigningKey? FromStored(string usage, ReadOnlyMemory<byte> json)
    {
        return JsonBytes.TryParseObject(json, out var stored) ? Parse(usage, stored, json) : null;
    }

    private static CrossSigningKey? Parse(string usage, JsonElement json, ReadOnlyMemory<byte> raw)
    {
        if (!json.TryGetProperty("keys"u8, out var keys) || keys.ValueKind != JsonValueKind.Object || keys.GetPropertyCount() != 1)
            return null;
        var only = keys.EnumerateObject().First();
        if (only.Value.ValueKind != JsonValueKind.String)
            return null;
        var publicKey = only.Value.GetString()!;
        return only.Name == KeyIds.Ed25519Prefix + publicKey && VerifyKey.TryParse(only.Name, publicKey, out var key)
            ? new CrossSigningKey(usage, publicKey, key, raw)
            : null;
    }
}
