using System.Text.Json;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The sections for the device: to-device messages, device lists, key counts.</summary>
internal static class DeviceSections
{
    private const int MaxMessages = 100;

    // So many are read before it is asked whether it is this sync's turn for more.
    private const int Few = 10;

    /// <summary>Writes the sections; answers whether they tell something, and up to where the device now has its messages.</summary>
    public static async ValueTask<(bool Told, long UpTo)> WriteAsync(
        SyncScope scope, ChangeSet changes, Utf8JsonWriter writer, CancellationToken cancellationToken)
    {
        var upTo = scope.UpTo;
        var told = false;
        var deviceId = scope.Viewer.DeviceId;
        if (deviceId.Length > 0)
        {
            if (changes.Own.HasFlag(ChangeKinds.ToDevice) || scope.Since.ToDevice < scope.Since.Position)
            {
                var messages = await ReadMessagesAsync(scope, deviceId, cancellationToken);
                if (messages.Count == MaxMessages)
                    upTo = messages[^1].Position;
                if (messages.Count > 0)
                    scope.User.Devices.HasMessages(deviceId);
                told |= messages.Count > 0;
                WriteMessages(scope, writer, messages);
            }

            var counts = await scope.User.Devices.KeyCountsAsync(deviceId, cancellationToken);
            WriteCounts(writer, counts);
            told |= changes.Own.HasFlag(ChangeKinds.KeyCounts) && !scope.IsInitial;
        }

        if (!scope.IsInitial)
            told |= await WriteDeviceListsAsync(scope, changes, writer, cancellationToken);
        return (told, upTo);
    }

    private static async ValueTask<IReadOnlyList<ToDeviceRow>> ReadMessagesAsync(SyncScope scope, string deviceId, CancellationToken cancellationToken)
    {
        var first = await ReadAsync(scope.Since.ToDevice, Few);
        if (first.Count < Few)
            return first;
        await scope.Memory.EnterAsync(cancellationToken);
        return [.. first, .. await ReadAsync(first[^1].Position, MaxMessages - Few)];

        ValueTask<IReadOnlyList<ToDeviceRow>> ReadAsync(long after, int limit) =>
            scope.Services.Storage.ToDevice.WaitingAsync(scope.UserId, deviceId, after, scope.UpTo, limit, cancellationToken);
    }

    private static void WriteMessages(SyncScope scope, Utf8JsonWriter writer, IReadOnlyList<ToDeviceRow> messages)
    {
        if (messages.Count == 0)
            return;
        writer.WriteStartObject("to_device"u8);
        writer.WriteStartArray("events"u8);
        foreach (var message in messages)
        {
            if (scope.Services.Read.IsReadable(message.Json, "A message", $"{message.UserId} {message.DeviceId}"))
                writer.WriteRaw(message.Json.Span);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteCounts(Utf8JsonWriter writer, KeyCounts counts)
    {
        writer.WriteStartObject("device_one_time_keys_count"u8);
        foreach (var (algorithm, count) in counts.OneTime)
            writer.WriteNumber(algorithm, count);
        writer.WriteEndObject();
        writer.WriteStartArray("device_unused_fallback_key_types"u8);
        foreach (var algorithm in counts.UnusedFallback)
            writer.WriteStringValue(algorithm);
        writer.WriteEndArray();
    }

    private static async ValueTask<bool> WriteDeviceListsAsync(SyncScope scope, ChangeSet changes, Utf8JsonWriter writer, CancellationToken cancellationToken)
    {
        // The hub names who is told, and who changed; the exact list, with changes for this viewer alone, is in storage.
        IReadOnlySet<string> changed = changes.DeviceLists.Count == 0 ? new HashSet<string>()
            : await scope.Services.Storage.Keys.DeviceListChangesAsync(scope.Since.Position, scope.UpTo, scope.UserId, cancellationToken);
        var shown = await scope.Services.Sharing.AmongAsync(scope.UserId, changed, cancellationToken);
        shown.UnionWith(scope.DeviceLists.Changed);
        var left = new HashSet<string>(scope.DeviceLists.Left, StringComparer.Ordinal);
        if (left.Count > 0)
            left.ExceptWith(await scope.Services.Sharing.AmongAsync(scope.UserId, left, cancellationToken));
        shown.ExceptWith(left);
        if (scope.DeviceLists.HasNewEncryptedRoom)
            shown.Add(scope.UserId);
        if (shown.Count == 0 && left.Count == 0)
            return false;
        writer.WriteStartObject("device_lists"u8);
        WriteIds(writer, "changed"u8, shown);
        WriteIds(writer, "left"u8, left);
        writer.WriteEndObject();
        return true;
    }

    private static void WriteIds(Utf8JsonWriter writer, ReadOnlySpan<byte> name, HashSet<string> ids)
    {
        if (ids.Count == 0)
            return;
        writer.WriteStartArray(name);
        foreach (var id in ids)
            writer.WriteStringValue(id);
        writer.WriteEndArray();
    }
}
