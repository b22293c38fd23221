using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Grains.RemoteServer;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>
/// A remote user's device list. It is in storage, and the version there tells whether something made it old while it was fetched, so that two activations do no
/// harm. One fetch runs at a time; local users are told of a change once it is here, or could not be had.
/// </summary>
[GrainType("remotedevices")]
public sealed class RemoteDevicesGrain(RemoteServerServices services) : Grain, IRemoteDevicesGrain, IRemindable
{
    private const int MaxFetches = 5;
    private readonly Backoff _backoff = new(services.Time);
    private Task<Outcome<Nothing>>? _fetch;
    private IGrainTimer? _timer;
    private RetryReminder? _reminder;

    private string UserId => this.GetPrimaryKeyString();

    private IStorage Storage => services.Storage;

    private RetryReminder Reminder => _reminder ??= new RetryReminder(this, services.Logger);

    public async Task Update(ReadOnlyMemory<byte> content)
    {
        using var document = JsonBytes.ParseObject(content, out _);
        if (document is null || RemoteDeviceUpdate.Read(document.RootElement, UserId) is not { } update || !await IsSeenAsync())
            return;
        var list = await ListAsync();
        if (list.Fresh && list.StreamId == update.StreamId)
            return;
        var unit = new WriteUnit();
        if (!list.Fresh || list.StreamId is not { } last || !update.Follows(last) || !await update.TryPutAsync(unit, Storage))
        {
            // An update went missing, or this is the first one: the whole list is asked for.
            Storage.DeviceLists.MarkStale(unit, UserId);
            await Storage.CommitAsync(unit);
            _ = FetchLoggedAsync();
            return;
        }

        Storage.DeviceLists.PutRemote(unit, UserId, update.StreamId, list.Version);
        Announce(unit);
        await Storage.CommitAsync(unit);
    }

    public async Task UpdateCrossSigning(ReadOnlyMemory<byte> content)
    {
        using var document = JsonBytes.ParseObject(content, out _);
        if (document is null || !await IsSeenAsync())
            return;
        var list = await ListAsync();
        var unit = new WriteUnit();
        if (!list.Fresh)
        {
            // An answer that is on its way may be from before this.
            Storage.DeviceLists.MarkStale(unit, UserId);
            await Storage.CommitAsync(unit);
            _ = FetchLoggedAsync();
            return;
        }

        if (!await RemoteCrossSigning.TryPutAsync(unit, Storage, UserId, document.RootElement))
            return;

        // With the keys come signatures on devices, of which some servers tell by no update of their own: the list is asked for again.
        Storage.DeviceLists.MarkStale(unit, UserId);
        Announce(unit);
        await Storage.CommitAsync(unit);
        _ = FetchLoggedAsync();
    }

    public async Task<Outcome<Nothing>> Refresh() => (await ListAsync()).Fresh ? Nothing.Value : await FetchAsync();

    public Task Retry()
    {
        if (_backoff.IsOver)
            _ = FetchLoggedAsync();
        return Task.CompletedTask;
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if ((await ListAsync()).Fresh || !await IsSeenAsync())
            await Reminder.EndAsync();
        else
            await Retry();
    }

    private async Task<RemoteDeviceList> ListAsync() => (await Storage.DeviceLists.RemoteAsync([UserId])).GetValueOrDefault(UserId)
        ?? new RemoteDeviceList(UserId, null, false, 0);

    private async Task<bool> IsSeenAsync() => await Storage.Memberships.SharesRoomAsync(UserId, services.Server.Name.Value);

    private async Task<Outcome<Nothing>> FetchAsync()
    {
        if (_fetch is not { IsCompleted: false })
            _fetch = FetchUntilFreshAsync();
        return await _fetch;
    }

    // Nobody waits for it: what goes wrong is told in the log and tried again.
    private async Task FetchLoggedAsync()
    {
        try
        {
            await FetchAsync();
        }
        catch (Exception fault)
        {
            RemoteServerLog.DeviceListFailed(services.Logger, UserId, fault);
            Schedule(_backoff.Failed());
        }
    }

    private void Schedule(TimeSpan wait)
    {
        if (_timer is null)
        {
            _timer = this.RegisterGrainTimer(
                FetchLoggedAsync, new GrainTimerCreationOptions { DueTime = wait, Period = Timeout.InfiniteTimeSpan, Interleave = true });
        }
        else
        {
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task<Outcome<Nothing>> FetchUntilFreshAsync()
    {
        for (var i = 0; i < MaxFetches; i++)
        {
            var list = await ListAsync();
            if (list.Fresh)
                return Nothing.Value;
            if (!await IsSeenAsync())
                return MatrixError.NotFound("The user shares no room with a local user");
            if (await FetchOnceAsync(list) is { } error)
                return await FailedAsync(error);
        }

        // The list changes faster than it can be had.
        return await FailedAsync(MatrixError.LimitExceeded(1000));
    }

    private async Task<MatrixError?> FetchOnceAsync(RemoteDeviceList list)
    {
        var server = Protocol.Identifiers.UserId.Parse(UserId).Domain.ToString();
        var answer = await services.Api.GetAsync(server, $"/_matrix/federation/v1/user/devices/{Uri.EscapeDataString(UserId)}", RemoteDeviceAnswer.MaxBytes);
        if (!answer.TryGet(out var document, out var error))
            return error;
        using (document)
        {
            var unit = new WriteUnit();
            if (!RemoteDeviceAnswer.TryPut(unit, Storage, UserId, document.RootElement, out var streamId))
                return MatrixError.Unknown("The server's answer is no device list", 502);
            _backoff.Reset();
            Storage.DeviceLists.PutRemote(unit, UserId, streamId, list.Version);
            Announce(unit);
            await Storage.CommitAsync(unit);
        }

        return null;
    }

    // Clients hear of the first failure, so that they ask for themselves; and of what comes of it later.
    private async Task<MatrixError> FailedAsync(MatrixError error)
    {
        var isFirst = !_backoff.HasFailed;
        Schedule(_backoff.Failed());
        if (_backoff.IsKept)
            await Reminder.SetAsync();
        if (isFirst)
        {
            var unit = new WriteUnit();
            Announce(unit);
            await Storage.CommitAsync(unit);
        }

        return error;
    }

    private void Announce(WriteUnit unit) => Storage.Keys.AddDeviceListChange(unit, UserId, unit.NextPosition(ChangeKind.DeviceList, UserId), onlyFor: null);
}
