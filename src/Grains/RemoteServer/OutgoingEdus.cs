using System.Text;
using System.Text.Json;
using OrleansMatrix.Grains.Device;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Makes the EDUs of one transaction that are only named in the queue, from what is in storage now. The updates of a user's devices are chained by
/// <c>prev_id</c> for each server: a server that misses one, or is told of the user for the first time, asks for the whole list (ADR 0030).
/// </summary>
internal sealed class OutgoingEdus(RemoteServerServices services, string destination)
{
    private const int MaxNeighbours = 50;
    private const int MaxPresent = 100;
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changed = new(StringComparer.Ordinal);

    /// <summary>The last stream ids by user that the server knows once it has taken the transaction.</summary>
    public IEnumerable<KeyValuePair<string, long>> Told => _told.Where(t => _changed.Contains(t.Key));

    /// <summary>An m.device_list_update; null if the server knows as much already.</summary>
    public async Task<ReadOnlyMemory<byte>?> DeviceAsync(string userId, string deviceId, long streamId)
    {
        var told = await ToldAsync(userId);
        if (told >= streamId)
            return null;
        SetTold(userId, streamId);
        return await DeviceAsync(userId, deviceId, streamId, told == 0 ? [] : [told]);
    }

    /// <summary>
    /// Updates for the local users in a room of whose newest changes the server has not heard: one device each and no <c>prev_id</c>, so that it asks for all
    /// of them. True with them if there are more.
    /// </summary>
    public async Task<(List<ReadOnlyMemory<byte>> Edus, bool More)> NeighboursAsync(string roomId)
    {
        var untold = await services.Storage.DeviceLists.UntoldAsync(destination, roomId, services.Server.Name.Value, MaxNeighbours);
        var edus = new List<ReadOnlyMemory<byte>>();
        foreach (var (userId, newest) in untold)
        {
            SetTold(userId, newest);
            if (await AnyDeviceAsync(userId) is { } deviceId)
                edus.Add(await DeviceAsync(userId, deviceId, newest, []));
        }

        return (edus, untold.Count == MaxNeighbours);
    }

    private async ValueTask<string?> AnyDeviceAsync(string userId) =>
        (await services.Storage.Keys.DeviceKeysAsync(userId)) is [var keys, ..] ? keys.DeviceId
            : (await services.Storage.Devices.OfUserAsync(userId)) is [var device, ..] ? device.DeviceId : null;

    /// <summary>Whose presence the server is told of because it, or one local user, has come into the room.</summary>
    public async Task<IReadOnlyList<string>> PresentAsync(OutboxRow row) => row.Body is { } userId
        ? [Encoding.UTF8.GetString(userId.Span)]
        : await services.Storage.Ephemeral.PresentAsync(row.Topic, services.Server.Name.Value, MaxPresent);

    /// <summary>An m.signing_key_update; null if the user has no keys.</summary>
    public async Task<ReadOnlyMemory<byte>?> CrossSigningAsync(string userId)
    {
        var keys = await new PublishedKeysReader(services.Storage).ReadAsync(userId, null);
        if (keys.Master is not { } master)
            return null;
        return Edu("m.signing_key_update", writer =>
        {
            writer.WriteString("user_id"u8, userId);
            WriteRaw(writer, "master_key", master);
            if (keys.SelfSigning is { } selfSigning)
                WriteRaw(writer, "self_signing_key", selfSigning);
        });
    }

    /// <summary>An m.presence with the present presence of the users; null if none of them has any.</summary>
    public async Task<ReadOnlyMemory<byte>?> PresenceAsync(IReadOnlyCollection<string> userIds)
    {
        if (userIds.Count == 0 || await services.Storage.Ephemeral.PresenceAsync(userIds) is not { Count: > 0 } rows)
            return null;
        var now = services.Now;
        return Edu("m.presence", writer =>
        {
            writer.WriteStartArray("push"u8);
            foreach (var row in rows)
            {
                writer.WriteStartObject();
                writer.WriteString("user_id"u8, row.UserId);
                writer.WriteString("presence"u8, row.Presence);
                writer.WriteNumber("last_active_ago"u8, Math.Max(0, now - row.LastActiveAt));
                writer.WriteBoolean("currently_active"u8, row.CurrentlyActive);
                if (row.StatusMessage is { } status)
                    writer.WriteString("status_msg"u8, status);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    private async Task<ReadOnlyMemory<byte>> DeviceAsync(string userId, string deviceId, long streamId, long[] previous)
    {
        var device = (await services.Storage.Devices.OfUserAsync(userId)).FirstOrDefault(d => d.DeviceId == deviceId);
        var keys = device is null ? null
            : (await new PublishedKeysReader(services.Storage).ReadAsync(userId, null)).Devices.FirstOrDefault(d => d.DeviceId == deviceId);
        return Edu("m.device_list_update", writer =>
        {
            writer.WriteString("user_id"u8, userId);
            writer.WriteString("device_id"u8, deviceId);
            writer.WriteNumber("stream_id"u8, streamId);
            writer.WriteStartArray("prev_id"u8);
            foreach (var id in previous)
                writer.WriteNumberValue(id);
            writer.WriteEndArray();
            if (device is null)
                writer.WriteBoolean("deleted"u8, true);
            else if (device.DisplayName is { } name)
                writer.WriteString("device_display_name"u8, name);
            if (keys is not null)
                WriteRaw(writer, "keys", keys.Json);
        });
    }

    private async ValueTask<long> ToldAsync(string userId)
    {
        if (!_told.TryGetValue(userId, out var told))
            _told[userId] = told = (await services.Storage.DeviceLists.ToldAsync(destination, [userId])).GetValueOrDefault(userId);
        return told;
    }

    private void SetTold(string userId, long streamId)
    {
        _told[userId] = streamId;
        _changed.Add(userId);
    }

    private static ReadOnlyMemory<byte> Edu(string type, Action<Utf8JsonWriter> writeContent) => JsonBytes.Object(writer =>
    {
        writer.WriteString("edu_type"u8, type);
        writer.WriteStartObject("content"u8);
        writeContent(writer);
        writer.WriteEndObject();
    });

    private static void WriteRaw(Utf8JsonWriter writer, string name, ReadOnlyMemory<byte> json)
    {
        writer.WritePropertyName(name);
        writer.WriteRaw(json.Span);
    }
}
