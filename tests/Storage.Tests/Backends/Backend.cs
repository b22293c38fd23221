namespace OrleansMatrix.Storage.Tests.Backends;

/// <summary>A database of one test; storages opened on it see the same data.</summary>
public abstract class Backend : IAsyncDisposable
{
    private readonly List<IStorage> _opened = [];

    /// <summary>Opens and migrates a storage, like one more silo; closed at the end of the test.</summary>
    public async Task<IStorage> OpenAsync(TimeProvider? time = null)
    {
        var storage = await OpenWithoutMigrationAsync(time ?? TimeProvider.System);
        lock (_opened) _opened.Add(storage);
        await storage.MigrateAsync(TestContext.Current.CancellationToken);
        return storage;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var storage in _opened) await storage.DisposeAsync();
        await DropAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Runs SQL behind the storage's back.</summary>
    public abstract Task ExecuteAsync(string sql);

    protected abstract Task<IStorage> OpenWithoutMigrationAsync(TimeProvider time);

    protected abstract ValueTask DropAsync();
}
