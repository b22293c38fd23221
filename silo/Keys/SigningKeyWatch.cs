using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Keys;

/// <summary>Looks from time to time whether this server was given another signing key, so that all silos have it before it signs (ADR 0138).</summary>
internal sealed class SigningKeyWatch(SigningKeys keys, IStorage storage, TimeProvider time, ILogger<SigningKeyWatch> logger) : BackgroundService
{
    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await keys.RefreshAsync(storage);
            }
            catch (Exception fault)
            {
                // The keys that are known go on; the next look may find storage well, or the file in place.
                SiloLog.KeysNotRead(logger, fault);
            }
        }
    }
}
