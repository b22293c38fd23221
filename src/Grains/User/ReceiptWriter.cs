using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>
/// Stores receipts, of local and of remote users. A local user's receipt never goes back. How far a remote one has read its own server says: it has the events in
/// another order, and may have one before it comes here.
/// </summary>
public sealed class ReceiptWriter(IStorage storage)
{
    /// <summary>
    /// Puts a receipt into the unit, and for a local user's public one the EDU for the other servers in the room. False, with nothing put, if a local user's
    /// event is not in the room's history or the user has read as far already; for a remote user if the event is of another room or the receipt is an old one.
    /// </summary>
    /// <param name="unit">The unit.</param>
    /// <param name="roomId">The room.</param>
    /// <param name="userId">Whose receipt.</param>
    /// <param name="type"><c>m.read</c> or <c>m.read.private</c>.</param>
    /// <param name="threadId">Empty: unthreaded.</param>
    /// <param name="eventId">The event that was read.</param>
    /// <param name="timestamp">Milliseconds since the epoch.</param>
    /// <param name="isLocal">The user is of this server.</param>
    public async ValueTask<bool> PutAsync(
        WriteUnit unit, string roomId, string userId, string type, string threadId, string eventId, long timestamp, bool isLocal)
    {
        ArgumentNullException.ThrowIfNull(unit);
        var row = await storage.Events.GetAsync(eventId);
        if (row is null ? isLocal || !EventId.IsValid(eventId) : row.RoomId != roomId || (isLocal && row.Order is null))
            return false;
        var order = row?.Order ?? default;
        var present = await storage.Receipts.OfUserAsync(userId, roomId);
        if (present.Any(r => r.Type == type && r.ThreadId == threadId && (isLocal ? r.Order >= order : r.EventId == eventId || r.Timestamp > timestamp)))
            return false;
        var slot = unit.NextPosition(ChangeKind.Receipt, roomId);
        if (threadId.Length > 0 && !present.Any(r => r.Type == type && r.ThreadId == threadId))
            MakeRoom(unit, present);
        storage.Receipts.Put(unit, new ReceiptRow(roomId, userId, type, threadId, eventId, order, timestamp, 0), slot);
        if (isLocal && type == EphemeralEvents.Read)
            await EnqueueAsync(unit, roomId, userId, threadId, eventId, timestamp, slot);
        return true;
    }

    private void MakeRoom(WriteUnit unit, IReadOnlyList<ReceiptRow> present)
    {
        var inThreads = present.Where(static receipt => receipt.ThreadId.Length > 0).ToList();
        foreach (var oldest in inThreads.Take(inThreads.Count + 1 - Budgets.ThreadReceipts.MaxCount))
            storage.Receipts.Delete(unit, oldest);
    }

    /// <summary>S-S API, Receipts: only m.read goes to other servers.</summary>
    private async ValueTask EnqueueAsync(WriteUnit unit, string roomId, string userId, string threadId, string eventId, long timestamp, PositionSlot slot)
    {
        var own = UserId.Parse(userId).Domain.ToString();
        var servers = (await storage.Memberships.ServersAsync(roomId)).Select(s => s.Server).Where(s => s != own).ToList();
        if (servers.Count == 0)
            return;
        var edu = PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("edu_type"u8, EphemeralEvents.Receipt);
            writer.WriteStartObject("content"u8);
            writer.WriteStartObject(roomId);
            writer.WriteStartObject(EphemeralEvents.Read);
            writer.WriteStartObject(userId);
            writer.WriteStartArray("event_ids"u8);
            writer.WriteStringValue(eventId);
            writer.WriteEndArray();
            writer.WriteStartObject("data"u8);
            writer.WriteNumber("ts"u8, timestamp);
            if (threadId.Length > 0)
                writer.WriteString("thread_id"u8, threadId);
            for (var open = 0; open < 6; open++)
                writer.WriteEndObject();
        });
        storage.Outbox.Enqueue(unit, servers, new OutboxItem(OutboxKind.Ephemeral, roomId, Body: edu), slot);
    }
}
