using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>The body of keys/upload, checked.</summary>
/// <param name="DeviceKeys">The identity keys as uploaded; null if there are none.</param>
internal sealed record KeyUpload(ReadOnlyMemory<byte>? DeviceKeys, IReadOnlyList<OneTimeKeyRow> OneTimeKeys, IReadOnlyList<OneTimeKeyRow> FallbackKeys)
{
    private const int MaxDeviceKeysBytes = 64 * 1024;
    private const int MaxKeys = 1000;
    private const int MaxIdLength = 255;

    public static MatrixError? Read(JsonElement body, string userId, string deviceId, out KeyUpload upload)
    {
        upload = new KeyUpload(null, [], []);
        if (body.TryGetProperty("device_keys"u8, out var device) && device.ValueKind != JsonValueKind.Null)
        {
            if (CheckDeviceKeys(device, userId, deviceId) is { } error)
                return error;
            upload = upload with { DeviceKeys = JsonBytes.Raw(device) };
        }

        if (ReadKeys(body, "one_time_keys", userId, deviceId, out var oneTimeKeys) is { } inOneTime)
            return inOneTime;
        if (ReadKeys(body, "fallback_keys", userId, deviceId, out var fallbackKeys) is { } inFallback)
            return inFallback;
        if (fallbackKeys.DistinctBy(k => k.Algorithm).Count() != fallbackKeys.Count)
            return MatrixError.InvalidParam("More than one fallback key of an algorithm");
        upload = upload with { OneTimeKeys = oneTimeKeys, FallbackKeys = fallbackKeys };
        return null;
    }

    private static MatrixError? CheckDeviceKeys(JsonElement keys, string userId, string deviceId)
    {
        if (keys.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("device_keys is not an object");
        if (!IsString(keys, "user_id"u8, out var owner) || !IsString(keys, "device_id"u8, out var device))
            return MatrixError.BadJson("device_keys lacks user_id or device_id");
        if (!owner.ValueEquals(userId))
            return MatrixError.InvalidParam("device_keys names another user");
        if (!device.ValueEquals(deviceId))
            return MatrixError.InvalidParam("device_keys names another device");
        if (!keys.TryGetProperty("algorithms"u8, out var algorithms) || algorithms.ValueKind != JsonValueKind.Array
            || algorithms.EnumerateArray().Any(a => a.ValueKind != JsonValueKind.String))
            return MatrixError.BadJson("algorithms of device_keys is not a list of strings");
        if (!keys.TryGetProperty("keys"u8, out var map) || !IsMapOfStrings(map))
            return MatrixError.BadJson("keys of device_keys is not a map of strings");
        if (!keys.TryGetProperty("signatures"u8, out var signatures) || signatures.ValueKind != JsonValueKind.Object
            || signatures.EnumerateObject().Any(s => !IsMapOfStrings(s.Value)))
            return MatrixError.BadJson("signatures of device_keys is not a map of signatures");
        return JsonBytes.Raw(keys).Length > MaxDeviceKeysBytes ? MatrixError.TooLarge("device_keys is too large") : null;
    }

    private static MatrixError? ReadKeys(JsonElement body, string member, string userId, string deviceId, out List<OneTimeKeyRow> keys)
    {
        keys = [];
        if (!body.TryGetProperty(member, out var map) || map.ValueKind == JsonValueKind.Null)
            return null;
        if (map.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson($"{member} is not an object");
        foreach (var key in map.EnumerateObject())
        {
            var colon = key.Name.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || colon == key.Name.Length - 1 || key.Name.Length > MaxIdLength)
                return MatrixError.InvalidParam($"{member} has a key that is not <algorithm>:<key_id>");
            if (key.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.String))
                return MatrixError.BadJson($"{member} has a value that is neither a string nor an object");
            if (key.Value.ValueKind == JsonValueKind.Object && CheckKeyObject(key.Value) is { } wrong)
                return wrong;
            var json = JsonBytes.Raw(key.Value);
            if (Budgets.OneTimeKeys.CheckItem(json.Length) is { } tooLarge)
                return tooLarge;
            keys.Add(new OneTimeKeyRow(userId, deviceId, key.Name[..colon], key.Name[(colon + 1)..], json));
            if (keys.Count > MaxKeys)
                return MatrixError.TooLarge("Too many keys");
        }

        return null;
    }

    private static MatrixError? CheckKeyObject(JsonElement key)
    {
        if ((OptionalMembers.Strings(key, "key") ?? OptionalMembers.Booleans(key, "fallback") ?? OptionalMembers.Objects(key, "signatures")) is { } wrong)
            return wrong;
        return key.TryGetProperty("signatures"u8, out var signatures) && signatures.ValueKind == JsonValueKind.Object &&
            signatures.EnumerateObject().Any(s => !IsMapOfStrings(s.Value))
            ? MatrixError.BadJson("signatures of a key is not a map of signatures") : null;
    }

    private static bool IsString(JsonElement json, ReadOnlySpan<byte> member, out JsonElement value) =>
        json.TryGetProperty(member, out value) && value.ValueKind == JsonValueKind.String;

    private static bool IsMapOfStrings(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.EnumerateObject().All(m => m.Value.ValueKind == JsonValueKind.String);
}
