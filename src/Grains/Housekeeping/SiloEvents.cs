using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansMatrix.Grains.Abstractions.Housekeeping;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.RemoteServer;

namespace OrleansMatrix.Grains.Housekeeping;

/// <summary>
/// Tells grains what only a silo hears: for which server its commits have queued something, that it has started, and that another one has died (ADR 0062).
/// </summary>
internal sealed class SiloEvents(RemoteServerServices services, IGrainFactory grains, ISiloStatusOracle silos) : BackgroundService, ISiloStatusListener
{
    private static readonly TimeSpan s_untilNextTry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_betweenLooks = TimeSpan.FromSeconds(1);
    private readonly Channel<(string Silo, bool IsDead)> _changes = Channel.CreateUnbounded<(string Silo, bool IsDead)>();

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead && !updatedSilo.Equals(silos.SiloAddress))
            _changes.Writer.TryWrite((updatedSilo.ToParsableString(), true));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        services.Storage.Outbox.OnQueued(WakeServers);
        silos.SubscribeToSiloStatusEvents(this);
        await using var looks = services.Time.CreateTimer(_ => WakeAll(services.Away.TakeOwed()), null, s_betweenLooks, s_betweenLooks);
        try
        {
            _changes.Writer.TryWrite((silos.SiloAddress.ToParsableString(), false));
            await foreach (var (silo, isDead) in _changes.Reader.ReadAllAsync(stoppingToken))
                await TellAsync(silo, isDead, stoppingToken);
        }
        finally
        {
            silos.UnSubscribeFromSiloStatusEvents(this);
        }
    }

    private async Task TellAsync(string silo, bool isDead, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await grains.GetGrain<IHousekeepingGrain>(IHousekeepingGrain.Key).SiloChanged(silo, isDead);
                return;
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
            {
                HousekeepingLog.NotTold(services.Logger, silo, fault);
            }

            await Task.Delay(s_untilNextTry, services.Time, cancellationToken);
        }
    }

    private void WakeServers(IReadOnlyCollection<string> servers) => WakeAll(servers.Where(server => !services.Away.Withholds(server)));

    private void WakeAll(IEnumerable<string> servers)
    {
        foreach (var server in servers)
            _ = WakeAsync(server);
    }

    private async Task WakeAsync(string server)
    {
        try
        {
            if (await grains.GetGrain<IRemoteServerGrain>(server).Wake() is var left and > 0)
                services.Away.Set(server, TimeSpan.FromMilliseconds(left));
        }
        catch (Exception fault)
        {
            // Who is woken by nobody else is found when the server is queued something again, or by the look that follows the death of a silo.
            HousekeepingLog.NotWoken(services.Logger, server, fault);
        }
    }
}

/// <summary>Registers the housekeeping.</summary>
public static class HousekeepingRegistration
{
    /// <summary>
    /// Wakes what has work in storage, and starts the housekeeping. Hosted services start in the order of their registration: call it after storage and Orleans
    /// are registered.
    /// </summary>
    public static IServiceCollection AddHousekeeping(this IServiceCollection services) => services.AddHostedService<SiloEvents>();
}
