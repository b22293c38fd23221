namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Documents of grains.</summary>
internal sealed class GrainStateStore(ISqlDatabase database, TimeProvider time) : IGrainStateStore
{
    private static readonly Statement Select = new("SELECT payload, version FROM grain_state WHERE state = $1 AND grain_key = $2");
    private static readonly Statement Insert = new(
        "INSERT INTO grain_state (state, grain_key, payload, modified_at, version) VALUES ($1, $2, $3, $4, 1) ON CONFLICT DO NOTHING RETURNING version");

    private static readonly Statement Update = new("""
        UPDATE grain_state SET payload = $3, modified_at = $4, version = version + 1 WHERE state = $1 AND grain_key = $2 AND version = $5 RETURNING version
        """);

    private static readonly Statement Delete = new("DELETE FROM grain_state WHERE state = $1 AND grain_key = $2 AND version = $3 RETURNING version");
    private static readonly Statement Prune = new("DELETE FROM grain_state WHERE state = $1 AND modified_at < $2");

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public async ValueTask<GrainStateRow?> GetAsync(string state, string grainKey, CancellationToken cancellationToken = default) =>
        await database.FirstAsync(Select, static row => new GrainStateRow(row.Blob(0), row.Integer(1)), cancellationToken, state, grainKey)
            .ConfigureAwait(false);

    public async ValueTask<long?> PutAsync(
        string state, string grainKey, ReadOnlyMemory<byte> payload, long? version, CancellationToken cancellationToken = default)
    {
        var versions = version is { } known
            ? await database.WriteAsync(new WriteUnit(), Update, static row => row.Integer(0), state, grainKey, payload, Now, known).ConfigureAwait(false)
            : await database.WriteAsync(new WriteUnit(), Insert, static row => row.Integer(0), state, grainKey, payload, Now).ConfigureAwait(false);
        return versions.Count > 0 ? versions[0] : null;
    }

    public async ValueTask<bool> DeleteAsync(string state, string grainKey, long version, CancellationToken cancellationToken = default) =>
        (await database.WriteAsync(new WriteUnit(), Delete, static row => row.Integer(0), state, grainKey, version).ConfigureAwait(false)).Count > 0;

    public async Task PruneAsync(string state, long before, CancellationToken cancellationToken = default)
    {
        var unit = new WriteUnit();
        unit.Add(Prune, state, before);
        await database.CommitAsync(unit).ConfigureAwait(false);
    }
}
