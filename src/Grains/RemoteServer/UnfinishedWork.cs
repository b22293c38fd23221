using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Wakes the grains whose work is in storage: the server for which something was queued at once after the commit, and all that a silo has left behind when this
/// one starts and when another one dies (ADR 0062).
/// </summary>
internal sealed class UnfinishedWork(RemoteServerServices services, IGrainFactory grains, ISiloStatusOracle silos) : BackgroundService, ISiloStatusListener
{
    private const int DevicesAtOnce = 100;
    private const int PresenceAtOnce = 1000;
    private static readonly TimeSpan s_between = TimeSpan.FromMinutes(1);

    // One look more is enough for all silos that die meanwhile.
    private readonly Channel<bool> _looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead && !updatedSilo.Equals(silos.SiloAddress))
            _looks.Writer.TryWrite(true);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        services.Storage.Outbox.OnQueued(WakeServers);
        silos.SubscribeToSiloStatusEvents(this);
        try
        {
            _looks.Writer.TryWrite(true);
            await foreach (var _ in _looks.Reader.ReadAllAsync(stoppingToken))
                await LookAsync(stoppingToken);
        }
        finally
        {
            silos.UnSubscribeFromSiloStatusEvents(this);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        Func<CancellationToken, Task>[] parts = [WakeServersAsync, WakeRoomsAsync, WakeAccountsAsync, WakePresenceAsync, WakeDevicesAsync];
        foreach (var part in parts)
        {
            while (true)
            {
                try
                {
                    await part(cancellationToken);
                    break;
                }
                catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
                {
                    RemoteServerLog.ScanFailed(services.Logger, fault);
                }

                await Task.Delay(s_between, services.Time, cancellationToken);
            }
        }
    }

    private async Task WakeServersAsync(CancellationToken cancellationToken) =>
        WakeServers(await services.Storage.Outbox.DestinationsWithQueueAsync(cancellationToken));

    // One-way: on its way at once. One that is lost is lost with its silo, which is why all silos look again then.
    private void WakeServers(IReadOnlyCollection<string> servers)
    {
        foreach (var server in servers)
            _ = grains.GetGrain<IRemoteServerGrain>(server).Wake();
    }

    private async Task WakeRoomsAsync(CancellationToken cancellationToken)
    {
        foreach (var roomId in await services.Storage.PartialRooms.AllAsync(cancellationToken))
            await grains.GetGrain<IRoomGrain>(roomId).FetchMembers();
        foreach (var roomId in await services.Storage.StagedPdus.RoomsAsync(cancellationToken))
            await grains.GetGrain<IStagedPdusGrain>(roomId).Wake(isNew: false);
    }

    private async Task WakeAccountsAsync(CancellationToken cancellationToken)
    {
        foreach (var userId in await services.Storage.Accounts.UsersToCleanUpAsync(cancellationToken))
            await grains.GetGrain<IAccountGrain>(userId).CleanUp();
    }

    /// <summary>Who is shown as there and has no device any more that says so is offline after a while.</summary>
    private async Task WakePresenceAsync(CancellationToken cancellationToken)
    {
        var after = "";
        while (true)
        {
            var shown = await services.Storage.Ephemeral.ShownAsync(after, PresenceAtOnce, cancellationToken);
            foreach (var userId in shown.Where(services.Server.IsLocalUser))
                await grains.GetGrain<IPresenceGrain>(userId).Check();
            if (shown.Count < PresenceAtOnce)
                return;
            after = shown[^1];
        }
    }

    /// <summary>A few at a time: each is a request to another server.</summary>
    private async Task WakeDevicesAsync(CancellationToken cancellationToken)
    {
        var after = "";
        while (true)
        {
            var stale = await services.Storage.DeviceLists.StaleAsync(after, services.Server.Name.Value, DevicesAtOnce, cancellationToken);
            foreach (var userId in stale)
                await grains.GetGrain<IRemoteDevicesGrain>(userId).Retry();
            if (stale.Count < DevicesAtOnce)
                return;
            after = stale[^1];
            await Task.Delay(s_between, services.Time, cancellationToken);
        }
    }
}
