using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Presence;

/// <summary>
/// A user's presence. What is shown is in storage, and is written, announced and sent only when it changes: the state, the status message, or of another
/// server's user whether it is active just now. When a user was active last is known to the grain, and stored whenever something else is (ADR 0060).
/// </summary>
[GrainType("presence")]
public sealed class PresenceGrain(IStorage storage, LocalServer server, TimeProvider time) : Grain, IPresenceGrain
{
    private readonly DevicePresences _devices = new();
    private Ownership _ownership = null!;
    private PresenceRow? _row;
    private long _lastActiveAt;
    private IGrainTimer? _timer;

    private string UserId => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _ownership = new Ownership(storage, $"presence:{UserId}");
        _row = await ReadAsync(cancellationToken);
        _lastActiveAt = _row?.LastActiveAt ?? 0;
        if (_row is null || !server.IsLocalUser(UserId))
            return;
        _devices.Restore(_row.Presence, DateTimeOffset.FromUnixTimeMilliseconds(_row.LastActiveAt), time.GetUtcNow());
        Schedule();
    }

    public async Task<Outcome<Nothing>> Set(string deviceId, string presence, string? statusMessage)
    {
        if (!PresenceNames.IsValid(presence))
            return MatrixError.InvalidParam("presence must be online, unavailable or offline");
        _devices.Put(deviceId, presence, time.GetUtcNow());
        await ShowAsync(_ => statusMessage);
        return Nothing.Value;
    }

    public Task Syncing(ImmutableArray<SyncingDevice> devices)
    {
        _devices.Syncing(devices, time.GetUtcNow());
        return ShowAsync(static row => row?.StatusMessage);
    }

    public Task Active(string deviceId)
    {
        _devices.Active(deviceId, time.GetUtcNow());
        return ShowAsync(static row => row?.StatusMessage);
    }

    // Being active is what does it: what is shown is compared with the devices that have come back when it may have changed.
    public Task Check() => Task.CompletedTask;

    public async Task Receive(ReceivedPresence received)
    {
        ArgumentNullException.ThrowIfNull(received);
        var row = new PresenceRow(UserId, received.Presence, received.StatusMessage, received.LastActiveAt, received.CurrentlyActive, 0);
        await StoreAsync(_ => row, static (_, _) => ValueTask.CompletedTask);
        _lastActiveAt = received.LastActiveAt;
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> Get(string viewer)
    {
        if (viewer != UserId && (await storage.Memberships.MutualRoomsAsync(viewer, UserId)).Count == 0)
            return MatrixError.Forbidden("You are not allowed to see their presence");
        if (_row is not { } row)
            return JsonBytes.Object(w => w.WriteString("presence"u8, PresenceNames.Offline));
        var lastActive = Math.Max(_lastActiveAt, _devices.LastActive.ToUnixTimeMilliseconds());
        return JsonBytes.Object(w =>
        {
            w.WriteBoolean("currently_active"u8, row.CurrentlyActive);
            if (lastActive > 0)
                w.WriteNumber("last_active_ago"u8, Math.Max(0, time.GetUtcNow().ToUnixTimeMilliseconds() - lastActive));
            w.WriteString("presence"u8, row.Presence);
            if (row.StatusMessage is not null)
                w.WriteString("status_msg"u8, row.StatusMessage);
        });
    }

    /// <summary>Shows what the devices of a local user make, and looks again when that may change by itself.</summary>
    private async Task ShowAsync(Func<PresenceRow?, string?> status)
    {
        var shown = _devices.Shown(time.GetUtcNow());
        await StoreAsync(
            row => new PresenceRow(UserId, shown, status(row), Math.Max(0, _devices.LastActive.ToUnixTimeMilliseconds()), shown == PresenceNames.Online, 0),
            async (unit, slot) =>
            {
                // S-S API, Presence: for servers that share a room with the user. Only the newest is sent of what waits.
                if (await storage.Memberships.ServersSharingAsync(UserId) is { Count: > 0 } servers)
                    storage.Outbox.Enqueue(unit, servers, new OutboxItem(OutboxKind.Presence, UserId), slot);
            });
        Schedule();
    }

    /// <summary>Stores and announces what differs from what is shown.</summary>
    private async Task StoreAsync(Func<PresenceRow?, PresenceRow> make, Func<WriteUnit, PositionSlot, ValueTask> also)
    {
        if (IsShown(_row, make(_row)))
            return;
        _row = await _ownership.ChangeAsync(async unit =>
        {
            var before = await ReadAsync();
            var row = make(before);
            if (IsShown(before, row))
                return before;
            var slot = unit.NextPosition(ChangeKind.Presence, UserId);
            storage.Ephemeral.PutPresence(unit, row, slot);
            await also(unit, slot);
            return row;
        });
    }

    private static bool IsShown(PresenceRow? shown, PresenceRow row) =>
        (shown?.Presence ?? PresenceNames.Offline, shown?.StatusMessage, shown?.CurrentlyActive ?? false) == (
            row.Presence, row.StatusMessage, row.CurrentlyActive);

    private void Schedule()
    {
        var now = time.GetUtcNow();
        var wait = _devices.NextChange(now) is { } next ? next - now : Timeout.InfiniteTimeSpan;
        if (_timer is null && wait != Timeout.InfiniteTimeSpan)
        {
            _timer = this.RegisterGrainTimer(
                () => ShowAsync(static row => row?.StatusMessage), new GrainTimerCreationOptions(wait, Timeout.InfiniteTimeSpan) { KeepAlive = true });
        }
        else
        {
            _timer?.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private async ValueTask<PresenceRow?> ReadAsync(CancellationToken cancellationToken = default) =>
        await storage.Ephemeral.PresenceAsync([UserId], cancellationToken) is [var row, ..] ? row : null;
}
