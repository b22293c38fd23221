namespace OrleansMatrix.Storage;

/// <summary>The document of a grain.</summary>
/// <param name="Version">Raised by each write.</param>
public sealed record GrainStateRow(ReadOnlyMemory<byte> Payload, long Version);

/// <summary>
/// Small documents of grains, by the name of the state and the grain's key, for Orleans' grain storage on SQLite. On PostgreSQL Orleans' own provider reads and
/// writes them, and only their age is looked at here.
/// </summary>
public interface IGrainStateStore
{
    ValueTask<GrainStateRow?> GetAsync(string state, string grainKey, CancellationToken cancellationToken = default);
    /// <summary>Writes in the place of <paramref name="version"/> (null: of nothing); the new version, or null if another one is there.</summary>
    ValueTask<long?> PutAsync(string state, string grainKey, ReadOnlyMemory<byte> payload, long? version, CancellationToken cancellationToken = default);
    /// <summary>False if another version is there.</summary>
    ValueTask<bool> DeleteAsync(string state, string grainKey, long version, CancellationToken cancellationToken = default);
    /// <summary>Deletes the documents of a name that were not written since <paramref name="before"/> (ms since epoch).</summary>
    Task PruneAsync(string state, long before, CancellationToken cancellationToken = default);
}
