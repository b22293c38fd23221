using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Commands;

/// <summary>What a command works on.</summary>
internal sealed record AdminContext(MatrixSettings Settings, IStorage Storage, TimeProvider Time, IRandom Random) : IAsyncDisposable
{
    public static async Task<AdminContext> OpenAsync(MatrixSettings settings, TimeProvider time, IRandom random)
    {
        DataFolder.Create(settings);
        var storage = StorageFactory.Open(settings, time, NullLoggerFactory.Instance);
        await storage.MigrateAsync(CancellationToken.None);
        return new AdminContext(settings, storage, time, random);
    }

    public ValueTask DisposeAsync() => Storage.DisposeAsync();
}
