using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Account;
using OrleansMatrix.Protocol;
using OrleansMatrix.Silo.Keys;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo;

/// <summary>
/// Brings the database up to date and reads the signing keys before anything else starts, and makes the first registration token of a new server.
/// </summary>
internal sealed class StorageStartup(
    IStorage storage, SigningKeys keys, MatrixSettings settings, IRandom random, TimeProvider time, ILogger<StorageStartup> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await storage.MigrateAsync(cancellationToken);
        await DatabaseOwner.CheckNameAsync(storage, settings);
        await keys.ReadAsync(storage);
        SiloLog.Starting(logger, settings.ServerName.Value, keys.Own.At(time.GetUtcNow().ToUnixTimeMilliseconds()).KeyId, settings.DataDirectory);
        if (await RegistrationTokens.FirstAsync(storage, random, time) is { } token)
            SiloLog.FirstToken(logger, token);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
