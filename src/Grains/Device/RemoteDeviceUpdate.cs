using System.Text.Json;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>The content of an m.device_list_update: one device of a remote user.</summary>
internal sealed record RemoteDeviceUpdate(RemoteDevice Device, bool Deleted, long StreamId, IReadOnlyList<long> Previous)
{
    private const int MaxPrevious = 100;

    /// <summary>Reads it; null if it is malformed.</summary>
    public static RemoteDeviceUpdate? Read(JsonElement content, string userId)
    {
        if (!content.TryGetProperty("stream_id"u8, out var id) || !JsonBytes.TryGetInteger(id, out var streamId) ||
            RemoteDevice.Read(content, userId) is not { } device)
            return null;
        var previous = new List<long>();
        if (content.TryGetProperty("prev_id"u8, out var ids) && ids.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in ids.EnumerateArray().Take(MaxPrevious))
            {
                if (!JsonBytes.TryGetInteger(item, out var value))
                    return null;
                previous.Add(value);
            }
        }

        var isDeleted = content.TryGetProperty("deleted"u8, out var deleted) && deleted.ValueKind == JsonValueKind.True;
        return new RemoteDeviceUpdate(device, isDeleted, streamId, previous);
    }

    /// <summary>True if nothing is missing between the update that is known and this one.</summary>
    public bool Follows(long known) => Previous.Count > 0 && Previous.All(id => id == known);

    /// <summary>Puts the device into the unit; false if the user has too many.</summary>
    public async Task<bool> TryPutAsync(WriteUnit unit, IStorage storage)
    {
        storage.Devices.Delete(unit, Device.UserId, Device.DeviceId);
        storage.Keys.DeleteDevice(unit, Device.UserId, Device.DeviceId);
        if (Deleted)
            return true;
        Device.Put(unit, storage);
        return (await storage.Devices.OfUserAsync(Device.UserId)).Count < RemoteDevice.MaxDevices;
    }
}

/// <summary>A device of a remote user as its server tells of it.</summary>
/// <param name="Keys">Its identity keys; null if it has none.</param>
internal sealed record RemoteDevice(string UserId, string DeviceId, string? DisplayName, ReadOnlyMemory<byte>? Keys)
{
    /// <summary>The most devices of a remote user that are kept.</summary>
    public const int MaxDevices = 1000;

    private const int MaxKeysBytes = 64 * 1024;
    private const int MaxNameLength = 255;

    /// <summary>Reads <c>device_id</c>, <c>device_display_name</c> and <c>keys</c>; null if they are malformed or of another device.</summary>
    public static RemoteDevice? Read(JsonElement json, string userId)
    {
        if (json.ValueKind != JsonValueKind.Object || JsonBytes.StringMember(json, "device_id") is not { } deviceId ||
            !Protocol.Identifiers.DeviceId.TryParse(deviceId, out _))
            return null;
        var name = JsonBytes.StringMember(json, "device_display_name");
        ReadOnlyMemory<byte>? keys = null;
        if (json.TryGetProperty("keys"u8, out var given) && given.ValueKind == JsonValueKind.Object)
        {
            if ((JsonBytes.StringMember(given, "user_id") ?? userId) != userId || (JsonBytes.StringMember(given, "device_id") ?? deviceId) != deviceId)
                return null;
            keys = JsonBytes.Raw(given);
            if (keys.Value.Length > MaxKeysBytes || JsonText.FindFault(keys.Value.Span) is not null)
                return null;
        }

        return new RemoteDevice(userId, deviceId, name?.Length > MaxNameLength ? name[..MaxNameLength] : name, keys);
    }

    /// <summary>Puts the rows into the unit.</summary>
    public void Put(WriteUnit unit, IStorage storage)
    {
        storage.Devices.Put(unit, new DeviceRow(UserId, DeviceId, DisplayName, null, null, null));
        if (Keys is { } keys)
            storage.Keys.PutDeviceKeys(unit, new DeviceKeysRow(UserId, DeviceId, keys));
    }
}
