using Npgsql;
using Orleans.Runtime.Messaging;

namespace OrleansMatrix.Silo.Gateways;

/// <summary>Lets a gateway that starts before the silos wait for them; other faults stop its start.</summary>
internal sealed class SiloWait(ILogger<SiloWait> logger) : IClientConnectionRetryFilter
{
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(1);
    private bool _isSaid;

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        // Without a silo there are no tables yet in a new database.
        if (exception is not (OrleansMessageRejectionException or ConnectionFailedException or TimeoutException) &&
            exception is not PostgresException { SqlState: PostgresErrorCodes.UndefinedTable })
        {
            return false;
        }

        if (!_isSaid)
            SiloLog.WaitingForSilos(logger);
        _isSaid = true;
        await Task.Delay(s_between, TimeProvider.System, cancellationToken);
        return true;
    }
}
