using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>The answer to <c>GET user/devices/{userId}</c>: all devices and cross-signing keys of a remote user.</summary>
internal static class RemoteDeviceAnswer
{
    /// <summary>The largest answer that is read.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>Replaces what is stored of the user; false if the answer is malformed. Single devices that are malformed are left out.</summary>
    public static bool TryPut(WriteUnit unit, IStorage storage, string userId, JsonElement answer, out long streamId)
    {
        streamId = 0;
        if (answer.ValueKind != JsonValueKind.Object || (JsonBytes.StringMember(answer, "user_id") ?? userId) != userId
            || !answer.TryGetProperty("stream_id"u8, out var id) || !JsonBytes.TryGetInteger(id, out streamId)
            || !answer.TryGetProperty("devices"u8, out var devices) || devices.ValueKind != JsonValueKind.Array)
            return false;
        storage.DeviceLists.DeleteRemoteKeys(unit, userId);
        foreach (var item in devices.EnumerateArray().Take(RemoteDevice.MaxDevices))
            RemoteDevice.Read(item, userId)?.Put(unit, storage);
        RemoteCrossSigning.Put(unit, storage, userId, RemoteCrossSigning.ReadMaster(answer, userId), answer);
        return true;
    }
}
