using Microsoft.Extensions.Hosting;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Has rooms go on with what a stopped silo left behind, at the start and now and then: getting members that are missing, and judging events that wait.
/// </summary>
internal sealed class RoomWaker(RemoteServerServices services, IGrainFactory grains) : BackgroundService
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
                foreach (var roomId in await services.Storage.StagedPdus.RoomsAsync(stoppingToken))
                    await grains.GetGrain<IStagedPdusGrain>(roomId).Wake(isNew: false);
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                RemoteServerLog.RoomScanFailed(services.Logger, fault);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
