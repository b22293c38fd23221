using Microsoft.Extensions.Hosting;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Has rooms whose members are missing go on with getting them: at the start, and now and then, for those that a stopped silo left behind.</summary>
internal sealed class PartialRoomWaker(RemoteServerServices services, IGrainFactory grains) : BackgroundService
{
    private static readonly TimeSpan s_between = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_between, services.Time);
        do
        {
            try
            {
                foreach (var roomId in await services.Storage.PartialRooms.AllAsync(stoppingToken))
                    await grains.GetGrain<IRoomGrain>(roomId).Fill();
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                RemoteServerLog.PartialScanFailed(services.Logger, fault);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
