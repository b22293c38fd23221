using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Commands;

/// <summary>What a command works on.</summary>
internal sealed record AdminContext(MatrixSettings Settings, IStorage Storage, TimeProvider Time, IRandom Random) : IAsyncDisposable
{
    /// <summary>Opens the server's database.</summary>
    /// <param name="makeNew">Without a database in the data folder one is made.</param>
    /// <exception cref="SettingsException">There is none, or it is another server's.</exception>
    public static async Task<AdminContext> OpenAsync(MatrixSettings settings, TimeProvider time, IRandom random, bool makeNew)
    {
        if (!makeNew && !StorageFactory.Exists(settings))
        {
            throw new SettingsException(
                "Matrix:DataDirectory",
                $"there is no database in {settings.DataDirectory}. Start the server once, name its folder with --Matrix:DataDirectory=FOLDER, or make a new " +
                "one with --new");
        }

        DataFolder.Create(settings);
        var storage = StorageFactory.Open(settings, time, NullLoggerFactory.Instance);
        await storage.MigrateAsync(CancellationToken.None);
        await DatabaseOwner.CheckNameAsync(storage, settings);
        return new AdminContext(settings, storage, time, random);
    }

    public ValueTask DisposeAsync() => Storage.DisposeAsync();
}
