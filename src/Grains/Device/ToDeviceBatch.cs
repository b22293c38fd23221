using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>Turns the messages of one sender and type into rows of a write unit.</summary>
/// <param name="sender">The sender's user id.</param>
internal sealed class ToDeviceBatch(IStorage storage, string sender, string eventType)
{
    private const string AllDevices = "*";
    private const int MaxRows = 10_000;

    private readonly List<ToDeviceRow> _rows = [];

    /// <summary>The messages for devices of this server that were added.</summary>
    public IReadOnlyList<ToDeviceRow> Rows => _rows;

    /// <summary>Adds a local user's messages, for the devices that exist; <c>*</c> means all of them.</summary>
    public async Task<MatrixError?> AddLocalAsync(WriteUnit unit, string userId, JsonElement contentByDevice)
    {
        var devices = (await storage.Devices.OfUserAsync(userId)).Select(d => d.DeviceId).ToHashSet(StringComparer.Ordinal);
        foreach (var message in contentByDevice.EnumerateObject())
        {
            if (message.Value.ValueKind != JsonValueKind.Object)
                return MatrixError.BadJson("A message is not an object");
            var content = JsonBytes.Raw(message.Value);
            if (Budgets.ToDevice.CheckItem(content.Length) is { } tooLarge)
                return tooLarge;
            var json = JsonBytes.Object(w =>
            {
                w.WriteString("type"u8, eventType);
                w.WriteString("sender"u8, sender);
                w.WritePropertyName("content"u8);
                w.WriteRaw(content.Span);
            });
            IEnumerable<string> targets = message.Name == AllDevices ? devices : devices.Contains(message.Name) ? [message.Name] : [];
            foreach (var deviceId in targets)
            {
                if (_rows.Count == MaxRows)
                    return MatrixError.TooLarge("Too many recipients");
                _rows.Add(new ToDeviceRow(userId, deviceId, json, 0));
                storage.ToDevice.Put(unit, _rows[^1], unit.NextPosition(ChangeKind.ToDevice, userId));
            }
        }

        return null;
    }

    /// <summary>Queues the messages for users of another server as one <c>m.direct_to_device</c> EDU (S-S API, Send-to-device messaging).</summary>
    /// <param name="messageId">Unique among the sender's EDUs; at most 32 characters.</param>
    public void AddRemote(WriteUnit unit, string destination, string messageId, IEnumerable<JsonProperty> users)
    {
        var edu = JsonBytes.Object(w =>
        {
            w.WriteString("edu_type"u8, "m.direct_to_device"u8);
            w.WriteStartObject("content"u8);
            w.WriteString("sender"u8, sender);
            w.WriteString("type"u8, eventType);
            w.WriteString("message_id"u8, messageId);
            w.WriteStartObject("messages"u8);
            foreach (var user in users)
                user.WriteTo(w);
            w.WriteEndObject();
            w.WriteEndObject();
        });
        storage.Outbox.Enqueue(unit, [destination], new OutboxItem(OutboxKind.ToDevice, "", Body: edu), unit.NextPosition(ChangeKind.ToDevice, destination));
    }
}
