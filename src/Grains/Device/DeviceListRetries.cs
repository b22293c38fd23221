using Microsoft.Extensions.Hosting;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.RemoteServer;

namespace OrleansMatrix.Grains.Device;

/// <summary>Looks now and then for device lists of remote users that are old, a few at a time: what a stopped silo left behind is fetched too.</summary>
internal sealed class DeviceListRetries(RemoteServerServices services, IGrainFactory grains) : BackgroundService
{
    private const int PerRound = 100;
    private static readonly TimeSpan s_between = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_between, services.Time);
        var after = "";
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var stale = await services.Storage.DeviceLists.StaleAsync(after, services.Server.Name.Value, PerRound, stoppingToken);
                after = stale.Count < PerRound ? "" : stale[^1];
                foreach (var userId in stale)
                    _ = grains.GetGrain<IRemoteDevicesGrain>(userId).Retry();
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                RemoteServerLog.ScanFailed(services.Logger, fault);
            }
        }
    }
}
