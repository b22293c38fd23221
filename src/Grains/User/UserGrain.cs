using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.User.Presence;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Grains.User.Unread;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.User;

/// <inheritdoc cref="IUserGrain"/>
[GrainType("user")]
public sealed class UserGrain(UserServices services) : Grain, IUserGrain
{
    private Ownership? _ownership;
    private UserState? _state;
    private SyncingDevices? _syncing;

    private string UserId => this.GetPrimaryKeyString();
    private UserState State => _state ??= new UserState(services, UserId);
    private SyncingDevices Syncing => _syncing ??= new SyncingDevices(this, GrainFactory.GetGrain<IPresenceGrain>(UserId), services.Time);
    private Ownership Ownership => _ownership ??= new Ownership(services.Storage, $"user:{UserId}");
    private UserAccountData AccountData => new(services.Storage, services.Settings, Ownership, UserId);
    private UserPushRules PushRules => new(services.Storage, AccountData, UserId);
    private UserReceipts Receipts => new(services, AccountData, UserId);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _state?.Dispose();
        return Task.CompletedTask;
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> Sync(SyncRequest request, CancellationToken cancellationToken = default) =>
        ListenAsync(request.Requester, request.SetPresence, () => SyncRun.RunAsync(State, request, cancellationToken));

    public Task<Outcome<ReadOnlyMemory<byte>>> OldEvents(OldEventsRequest request, CancellationToken cancellationToken = default) =>
        ListenAsync(request.Requester, null, () => OldSync.EventsAsync(State, request, cancellationToken));

    public Task<Outcome<ReadOnlyMemory<byte>>> OldInitialSync(Requester requester, int limit, bool archived) =>
        OldSync.InitialSyncAsync(State, requester, limit, archived);

    public async Task<Outcome<ReadOnlyMemory<byte>>> OldEvent(Requester requester, EventId eventId) =>
        await services.Storage.Events.GetAsync(eventId) is { } row
            ? await GrainFactory.GetGrain<IRoomReaderGrain>(row.RoomId).Event(requester, eventId) : MatrixError.NotFound("No such event");

    public Task<Outcome<ReadOnlyMemory<byte>>> GetAccountData(string roomId, string type) => AccountData.GetAsync(roomId, type).AsTask();

    public Task<Outcome<Nothing>> SetAccountData(string roomId, string type, ReadOnlyMemory<byte> json) => AccountData.SetAsync(roomId, type, json).AsTask();

    public async Task<Outcome<ReadOnlyMemory<byte>>> GetTags(RoomId roomId) => await AccountData.GetTagsAsync(roomId);

    public Task<Outcome<Nothing>> SetTag(RoomId roomId, string tag, ReadOnlyMemory<byte> json) => AccountData.SetTagAsync(roomId, tag, json).AsTask();

    public Task<Outcome<Nothing>> DeleteTag(RoomId roomId, string tag) => AccountData.SetTagAsync(roomId, tag, null).AsTask();

    public Task<Outcome<string>> AddFilter(ReadOnlyMemory<byte> json) => AccountData.AddFilterAsync(json).AsTask();

    public async Task<Outcome<ReadOnlyMemory<byte>>> GetFilter(string filterId) =>
        await services.Storage.AccountData.GetFilterAsync(UserId, filterId) is { } json ? json : MatrixError.NotFound("No such filter");

    public Task<Outcome<Nothing>> SetReceipt(ReceiptToSet receipt) => WithBadgeAsync(() => Receipts.SetAsync(receipt));

    public Task<Outcome<Nothing>> SetReadMarkers(ReadMarkersToSet markers) => WithBadgeAsync(() => Receipts.SetAsync(markers));

    public Task ReceiveReceipts(ImmutableArray<ReceivedReceipt> receipts) => Receipts.ReceiveAsync(receipts).AsTask();

    public Task<ReadOnlyMemory<byte>> GetPushRules() => PushRules.GetAllAsync().AsTask();

    public Task<Outcome<ReadOnlyMemory<byte>>> GetPushRule(string kind, string ruleId) => PushRules.GetAsync(kind, ruleId).AsTask();

    public Task<Outcome<Nothing>> PutPushRule(PushRuleToPut rule) => PushRules.PutAsync(rule).AsTask();

    public Task<Outcome<Nothing>> DeletePushRule(string kind, string ruleId) => PushRules.DeleteAsync(kind, ruleId).AsTask();

    public Task<Outcome<Nothing>> EnablePushRule(string kind, string ruleId, ReadOnlyMemory<byte> body) => PushRules.EnableAsync(kind, ruleId, body).AsTask();

    public Task<Outcome<Nothing>> SetPushRuleActions(string kind, string ruleId, ReadOnlyMemory<byte> body) =>
        PushRules.SetActionsAsync(kind, ruleId, body).AsTask();

    public Task<Outcome<ReadOnlyMemory<byte>>> Notifications(
        Requester requester, string? from, int limit, string? only, CancellationToken cancellationToken = default) =>
        new NotificationsRead(State, requester, cancellationToken).ReadAsync(from, limit, only);

    public Task<PendingPushes> PendingPushes(long after, int limit) => new PushReader(State).ReadAsync(after, limit);

    public async Task<UnreadCounts> GetUnreadCounts() => await NotificationsRead.CountAsync(State);

    public async Task<ImmutableArray<string>> JoinedRooms() => [.. (await State.Memberships.RefreshAsync(CancellationToken.None)).Joined.Select(r => r.RoomId)];

    public Task FollowUpgrade(RoomId roomId, string successor) =>
        User.FollowUpgrade.RunAsync(services.Storage, AccountData, UserId, roomId, successor).AsTask();

    public Task<Outcome<RoomPage>> MutualRooms(string otherUserId, string? from) =>
        User.MutualRooms.ReadAsync(services.Storage, UserId, otherUserId, from).AsTask();

    public Task ForgetDevices(ImmutableArray<string> deviceIds) => Ownership.WriteAsync(unit =>
    {
        foreach (var deviceId in deviceIds)
            services.Storage.ToDevice.DeleteUpTo(unit, UserId, deviceId, long.MaxValue);
    });

    public Task Erase() => Ownership.WriteAsync(unit => services.Storage.AccountData.DeleteAll(unit, UserId));

    /// <summary>Who has pushers and reads something is shown another badge, on all of them.</summary>
    private async Task<Outcome<Nothing>> WithBadgeAsync(Func<ValueTask<Outcome<Nothing>>> read)
    {
        if (services.Pushes is null || !await services.Pushes.HasPushersAsync(UserId))
            return await read();
        var pushes = new PushReader(State);
        var before = await pushes.CountBadgeAsync();
        var outcome = await read();
        if (outcome.Ok && await pushes.CountBadgeAsync() is var after && after != before)
            await GrainFactory.GetGrain<IPusherGrain>(UserId).ShowBadge(after);
        return outcome;
    }

    /// <summary>online: "the default state when the user is connected to an event stream" (C-S API, Presence).</summary>
    private async Task<Outcome<ReadOnlyMemory<byte>>> ListenAsync(Requester requester, string? presence, Func<Task<Outcome<ReadOnlyMemory<byte>>>> listen)
    {
        using var sync = await Syncing.BeginAsync(requester.DeviceId, presence);
        return await listen();
    }
}
