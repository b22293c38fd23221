using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.RemoteServer;

namespace OrleansMatrix.Grains.Housekeeping;

/// <summary>One look at what has unfinished work in storage (ADR 0062), in steps: each wakes some grains, and may be repeated when it has failed.</summary>
internal sealed class UnfinishedWork
{
    private const int DevicesAtOnce = 100;
    private const int PushersAtOnce = 100;
    private const int PresenceAtOnce = 1000;
    private readonly RemoteServerServices _services;
    private readonly IGrainFactory _grains;
    private readonly Queue<Func<Task<bool>>> _parts;
    private string _after = "";

    public UnfinishedWork(RemoteServerServices services, IGrainFactory grains)
    {
        (_services, _grains) = (services, grains);
        _parts = new([WakeServersAsync, WakeRoomsAsync, WakeAccountsAsync, WakePresenceAsync, WakeSearchAsync, WakePushersAsync, WakeDevicesAsync]);
    }

    /// <summary>Goes on. False if there is more to be done, after a pause.</summary>
    public async Task<bool> ContinueAsync()
    {
        while (_parts.TryPeek(out var part))
        {
            if (!await part())
                return false;
            _parts.Dequeue();
            _after = "";
        }

        return true;
    }

    private async Task<bool> WakeServersAsync()
    {
        foreach (var server in await _services.Storage.Outbox.DestinationsWithQueueAsync())
            await _grains.GetGrain<IRemoteServerGrain>(server).Wake();
        return true;
    }

    private async Task<bool> WakeRoomsAsync()
    {
        foreach (var roomId in await _services.Storage.PartialRooms.AllAsync())
            await _grains.GetGrain<IRoomGrain>(roomId).FetchMembers();
        foreach (var roomId in await _services.Storage.StagedPdus.RoomsAsync())
            await _grains.GetGrain<IStagedPdusGrain>(roomId).Wake(isNew: false);
        return true;
    }

    private async Task<bool> WakeAccountsAsync()
    {
        foreach (var userId in await _services.Storage.Accounts.UsersToCleanUpAsync())
            await _grains.GetGrain<IAccountGrain>(userId).CleanUp();
        return true;
    }

    /// <summary>Who is shown as there and has no device any more that says so is offline after a while.</summary>
    private async Task<bool> WakePresenceAsync()
    {
        while (true)
        {
            var shown = await _services.Storage.Ephemeral.ShownAsync(_after, PresenceAtOnce);
            foreach (var userId in shown.Where(_services.Server.IsLocalUser))
                await _grains.GetGrain<IPresenceGrain>(userId).Check();
            if (shown.Count < PresenceAtOnce)
                return true;
            _after = shown[^1];
        }
    }

    private async Task<bool> WakeSearchAsync()
    {
        await _grains.GetGrain<ISearchIndexGrain>(ISearchIndexGrain.Key).Wake();
        return true;
    }

    /// <summary>A hundred at a time: each may be a request to a push gateway.</summary>
    private async Task<bool> WakePushersAsync()
    {
        var behind = await _services.Storage.Pushers.BehindAsync(_after, PushersAtOnce);
        foreach (var userId in behind)
            await _grains.GetGrain<IPusherGrain>(userId).Wake();
        if (behind.Count < PushersAtOnce)
            return true;
        _after = behind[^1];
        return false;
    }

    /// <summary>A few at a time: each is a request to another server.</summary>
    private async Task<bool> WakeDevicesAsync()
    {
        var stale = await _services.Storage.DeviceLists.StaleAsync(_after, _services.Server.Name.Value, DevicesAtOnce);
        foreach (var userId in stale)
            await _grains.GetGrain<IRemoteDevicesGrain>(userId).Retry();
        if (stale.Count < DevicesAtOnce)
            return true;
        _after = stale[^1];
        return false;
    }
}
