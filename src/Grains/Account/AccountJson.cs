using System.Text.Json;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>Renders the answers that show an account.</summary>
internal static class AccountJson
{
    /// <summary><c>GET /devices</c>.</summary>
    public static ReadOnlyMemory<byte> Devices(IEnumerable<DeviceRow> devices) => JsonBytes.Object(writer =>
    {
        writer.WriteStartArray("devices"u8);
        foreach (var device in devices)
        {
            writer.WriteStartObject();
            Write(writer, device);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    /// <summary><c>GET /devices/{deviceId}</c>.</summary>
    public static ReadOnlyMemory<byte> Device(DeviceRow device) => JsonBytes.Object(writer => Write(writer, device));

    /// <summary><c>GET /profile/{userId}</c>.</summary>
    public static ReadOnlyMemory<byte> Profile(IEnumerable<KeyValuePair<string, ReadOnlyMemory<byte>>> fields) => JsonBytes.Object(writer =>
    {
        foreach (var (key, value) in fields.Where(f => JsonText.IsReadable(f.Value.Span)))
        {
            writer.WritePropertyName(key);
            writer.WriteRaw(value.Span);
        }
    });

    /// <summary><c>GET /admin/whois/{userId}</c>: this server keeps the last connection of each device.</summary>
    public static ReadOnlyMemory<byte> WhoIs(string userId, IEnumerable<DeviceRow> devices) => JsonBytes.Object(writer =>
    {
        writer.WriteString("user_id"u8, userId);
        writer.WriteStartObject("devices"u8);
        foreach (var device in devices)
        {
            writer.WriteStartObject(device.DeviceId);
            writer.WriteStartArray("sessions"u8);
            writer.WriteStartObject();
            writer.WriteStartArray("connections"u8);
            if (device.LastSeenAt is { } seen)
            {
                writer.WriteStartObject();
                writer.WriteString("ip"u8, device.LastSeenIp ?? "");
                writer.WriteNumber("last_seen"u8, seen);
                writer.WriteString("user_agent"u8, device.UserAgent ?? "");
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter writer, DeviceRow device)
    {
        writer.WriteString("device_id"u8, device.DeviceId);
        if (device.DisplayName is not null)
            writer.WriteString("display_name"u8, device.DisplayName);
        if (device.LastSeenIp is not null)
            writer.WriteString("last_seen_ip"u8, device.LastSeenIp);
        if (device.LastSeenAt is { } seen)
            writer.WriteNumber("last_seen_ts"u8, seen);
    }
}
