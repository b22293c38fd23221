using OrleansMatrix.Grains.Account;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Housekeeping;

/// <summary>Deletes what storage keeps only for a time.</summary>
public sealed class AgedRows(IStorage storage, TimeProvider time)
{
    /// <summary>How long a client may repeat a request with the same transaction id.</summary>
    private static readonly TimeSpan s_transactions = TimeSpan.FromDays(1);

    /// <summary>How long a remote server may repeat a transaction and get the same answer.</summary>
    private static readonly TimeSpan s_inboundTransactions = TimeSpan.FromDays(7);

    /// <summary>How long an expired token is still known as one that expired (soft logout).</summary>
    private static readonly TimeSpan s_expiredTokens = TimeSpan.FromDays(30);

    /// <summary>How long an upload of media may take before its sender is taken to be gone.</summary>
    private static readonly TimeSpan s_uploads = TimeSpan.FromDays(1);

    /// <summary>
    /// How many messages wait for a device, the oldest are dropped beyond that: many times what a device that comes back after months has missed of room
    /// keys, some 100 MB, and still a bound for one that never comes back.
    /// </summary>
    private const int MaxWaiting = 100_000;

    /// <summary>Deletes what is too old.</summary>
    public async Task DeleteAsync()
    {
        await storage.Events.PruneTransactionsAsync(Before(s_transactions));
        await storage.Servers.PruneInboundTransactionsAsync(Before(s_inboundTransactions));
        await storage.Accounts.PruneTokensAsync(Before(s_expiredTokens));
        await storage.GrainStates.PruneAsync(UiaSession.StateName, Before(UiaSession.Lifetime));
        if (storage.Contents is { } contents)
            await contents.DeleteAbandonedAsync(Before(s_uploads));
    }

    /// <summary>Drops messages for devices that have too many. It reads all that wait.</summary>
    public Task TrimInboxesAsync() => storage.ToDevice.TrimAsync(MaxWaiting);

    private long Before(TimeSpan age) => (time.GetUtcNow() - age).ToUnixTimeMilliseconds();
}
