using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>
/// Announces changes of a local user's devices and keys: to this server's users by the stream, to other servers that share a room by EDUs in the same unit
/// (S-S API, Device Management).
/// </summary>
internal sealed class DeviceListUpdates(IStorage storage, TimeProvider time)
{
    /// <summary>A device is new, has new keys or new signatures.</summary>
    /// <param name="keys">Its identity keys, signatures included; null if it has none.</param>
    public async Task AddDeviceAsync(WriteUnit unit, string userId, string deviceId, ReadOnlyMemory<byte>? keys)
    {
        var slot = Announce(unit, userId);
        if (await storage.Memberships.ServersSharingAsync(userId) is not { Count: > 0 } servers)
            return;
        var name = (await storage.Devices.OfUserAsync(userId)).FirstOrDefault(d => d.DeviceId == deviceId)?.DisplayName;
        Enqueue(unit, servers, slot, "m.device_list_update", w =>
        {
            w.WriteString("user_id"u8, userId);
            w.WriteString("device_id"u8, deviceId);
            if (name is not null)
                w.WriteString("device_display_name"u8, name);
            // No chain of prev_ids is kept: without one a server asks for the whole list, which is right whatever it missed.
            w.WriteNumber("stream_id"u8, time.GetUtcNow().ToUnixTimeMilliseconds());
            w.WriteStartArray("prev_id"u8);
            w.WriteEndArray();
            if (keys is not { } json)
                return;
            w.WritePropertyName("keys"u8);
            w.WriteRawValue(json.Span);
        });
    }

    /// <summary>The master or self-signing key is new or has new signatures.</summary>
    public async Task AddCrossSigningAsync(WriteUnit unit, string userId, ReadOnlyMemory<byte>? master, ReadOnlyMemory<byte>? selfSigning)
    {
        var slot = Announce(unit, userId);
        if (await storage.Memberships.ServersSharingAsync(userId) is not { Count: > 0 } servers)
            return;
        Enqueue(unit, servers, slot, "m.signing_key_update", w =>
        {
            w.WriteString("user_id"u8, userId);
            Write(w, "master_key", master);
            Write(w, "self_signing_key", selfSigning);
        });
    }

    private static void Write(Utf8JsonWriter w, string name, ReadOnlyMemory<byte>? key)
    {
        if (key is not { } json)
            return;
        w.WritePropertyName(name);
        w.WriteRawValue(json.Span);
    }

    private PositionSlot Announce(WriteUnit unit, string userId)
    {
        var slot = unit.NextPosition(ChangeKind.DeviceList, userId);
        storage.Keys.AddDeviceListChange(unit, userId, slot, onlyFor: null);
        return slot;
    }

    private void Enqueue(WriteUnit unit, IReadOnlyList<string> servers, PositionSlot slot, string type, Action<Utf8JsonWriter> writeContent) =>
        storage.Servers.Enqueue(
            unit,
            servers,
            null,
            JsonBytes.Object(w =>
            {
                w.WriteString("edu_type"u8, type);
                w.WriteStartObject("content"u8);
                writeContent(w);
                w.WriteEndObject();
            }),
            slot);
}
