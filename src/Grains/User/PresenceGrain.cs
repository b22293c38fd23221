using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>A local user's presence.</summary>
public sealed class PresenceGrain(IStorage storage, TimeProvider time) : Grain, IPresenceGrain
{
    private const string Online = "online";
    private const string Offline = "offline";

    private string UserId => this.GetPrimaryKeyString();

    public async Task<Outcome<Nothing>> Set(string presence, string? statusMessage, bool replaceStatus)
    {
        if (presence is not (Online or Offline or "unavailable"))
            return MatrixError.InvalidParam("presence must be online, unavailable or offline");
        var before = await ReadAsync();
        var status = replaceStatus ? statusMessage : before?.StatusMessage;
        var unit = new WriteUnit();
        var row = new PresenceRow(UserId, presence, status, time.GetUtcNow().ToUnixTimeMilliseconds(), presence == Online, 0);
        var slot = unit.NextPosition(ChangeKind.Presence, UserId);
        storage.Ephemeral.PutPresence(unit, row, slot);

        // S-S API, Presence: for servers that share a room with the user. Only the newest is sent of what waits.
        if ((before?.Presence ?? Offline, before?.StatusMessage) != (presence, status) && await storage.Memberships.ServersSharingAsync(UserId) is { Count: > 0 } servers)
            storage.Outbox.Enqueue(unit, servers, new OutboxItem(OutboxKind.Presence, UserId), slot);
        await storage.CommitAsync(unit);
        return Nothing.Value;
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> Get(string viewer)
    {
        if (viewer != UserId && (await storage.Memberships.MutualRoomsAsync(viewer, UserId)).Count == 0)
            return MatrixError.Forbidden("You are not allowed to see their presence");
        if (await ReadAsync() is not { } row)
            return JsonBytes.Object(w => w.WriteString("presence"u8, Offline));
        var ago = Math.Max(0, time.GetUtcNow().ToUnixTimeMilliseconds() - row.LastActiveAt);
        return JsonBytes.Object(w =>
        {
            w.WriteBoolean("currently_active"u8, row.CurrentlyActive);
            w.WriteNumber("last_active_ago"u8, ago);
            w.WriteString("presence"u8, row.Presence);
            if (row.StatusMessage is not null)
                w.WriteString("status_msg"u8, row.StatusMessage);
        });
    }

    private async Task<PresenceRow?> ReadAsync() => await storage.Ephemeral.PresenceAsync([UserId]) is [var row, ..] ? row : null;
}
