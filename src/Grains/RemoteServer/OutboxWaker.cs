using Microsoft.Extensions.Hosting;
using OrleansMatrix.Grains.Abstractions.RemoteServer;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Wakes the grains of servers for which something was queued: at once after a commit of this silo, and by a look at all queues now and then, so that what a
/// stopped silo left behind goes out too.
/// </summary>
internal sealed class OutboxWaker(RemoteServerServices services, IGrainFactory grains) : BackgroundService
{
    private static readonly TimeSpan s_between = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        services.Storage.Outbox.OnQueued(WakeAll);
        using var timer = new PeriodicTimer(s_between, services.Time);
        do
        {
            try
            {
                WakeAll(await services.Storage.Outbox.DestinationsWithQueueAsync(stoppingToken));
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                RemoteServerLog.ScanFailed(services.Logger, fault);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void WakeAll(IReadOnlyCollection<string> servers)
    {
        // One-way: answered at once, and a lost wake is made up for by the next look.
        foreach (var server in servers)
            _ = grains.GetGrain<IRemoteServerGrain>(server).Wake();
    }
}
