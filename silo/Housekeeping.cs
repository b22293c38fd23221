using OrleansMatrix.Grains.Account;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo;

/// <summary>Deletes, once an hour, what storage keeps only for a time. Several silos may do it at once.</summary>
public sealed class Housekeeping(IStorage storage, TimeProvider time, ILogger<Housekeeping> logger) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromHours(1);

    /// <summary>How long a client may repeat a request with the same transaction id.</summary>
    private static readonly TimeSpan s_transactions = TimeSpan.FromDays(1);

    /// <summary>How long a remote server may repeat a transaction and get the same answer.</summary>
    private static readonly TimeSpan s_inboundTransactions = TimeSpan.FromDays(7);

    /// <summary>How long an expired token is still known as one that expired (soft logout).</summary>
    private static readonly TimeSpan s_expiredTokens = TimeSpan.FromDays(30);

    /// <summary>
    /// How many messages wait for a device, the oldest are dropped beyond that: many times what a device that comes back after months has missed of room
    /// keys, some 100 MB, and still a bound for one that never comes back.
    /// </summary>
    private const int MaxWaiting = 100_000;

    private const int TrimEvery = 24;
    private int _runs;

    /// <summary>Deletes what is too old now.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await storage.Events.PruneTransactionsAsync(Before(s_transactions), cancellationToken);
        await storage.Servers.PruneInboundTransactionsAsync(Before(s_inboundTransactions), cancellationToken);
        await storage.Accounts.PruneTokensAsync(Before(s_expiredTokens), cancellationToken);
        await storage.GrainStates.PruneAsync(UiaSession.StateName, Before(UiaSession.Lifetime), cancellationToken);
        if (_runs++ % TrimEvery == 0)
            await storage.ToDevice.TrimAsync(MaxWaiting, cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await RunOnceAsync(stoppingToken);
                }
                catch (Exception fault) when (fault is not OperationCanceledException)
                {
                    SiloLog.HousekeepingFailed(logger, fault);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private long Before(TimeSpan age) => (time.GetUtcNow() - age).ToUnixTimeMilliseconds();
}
