using Npgsql;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>
/// The content of media. Each statement is a transaction of its own, beside the commit loop: that holds the lock that orders the changes of all silos, which
/// nobody is to wait for while a quarter of a megabyte is written. Statements run again after a broken connection.
/// </summary>
internal sealed class PostgresContents(ISqlDatabase database) : IContentStore
{
    private static readonly Statement Begin = new("INSERT INTO media_contents (upload, started_at) VALUES ($1, $2) ON CONFLICT (upload) DO NOTHING");

    private static readonly Statement Put = new("INSERT INTO media_pieces (upload, piece, bytes) VALUES ($1, $2, $3) ON CONFLICT (upload, piece) DO NOTHING");

    private static readonly Statement Complete = new("""
        UPDATE media_contents SET name = $2, size = $3
        WHERE upload = $1 AND name IS NULL AND NOT EXISTS (SELECT 1 FROM media_contents WHERE name = $2)
        """);

    private static readonly Statement Discard = new("DELETE FROM media_contents WHERE upload = $1 AND name IS NULL");

    private static readonly Statement Find = new("SELECT upload, size FROM media_contents WHERE name = $1");

    private static readonly Statement Read = new("SELECT bytes FROM media_pieces WHERE upload = $1 AND piece = $2");

    private static readonly Statement DeleteAbandoned = new("DELETE FROM media_contents WHERE name IS NULL AND started_at < $1");

    public Task BeginAsync(string upload, long startedAt, CancellationToken cancellationToken = default) =>
        RunAsync(Begin, cancellationToken, upload, startedAt);

    public Task PutAsync(string upload, int piece, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
        RunAsync(Put, cancellationToken, upload, piece, bytes);

    public async Task CompleteAsync(string upload, string name, long size, CancellationToken cancellationToken = default)
    {
        try
        {
            await RunAsync(Complete, cancellationToken, upload, name, size).ConfigureAwait(false);
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // The same content was completed at the same moment.
        }

        if (await FindAsync(name, cancellationToken).ConfigureAwait(false) is null)
            throw new InvalidOperationException($"the upload {upload} is not there any more");
    }

    public Task DiscardAsync(string upload, CancellationToken cancellationToken = default) => RunAsync(Discard, cancellationToken, upload);

    public async ValueTask<ContentRow?> FindAsync(string name, CancellationToken cancellationToken = default)
    {
        var rows = await database.QueryAsync(Find, static row => new ContentRow(row.Text(0), row.Integer(1)), cancellationToken, name).ConfigureAwait(false);
        return rows.Count == 0 ? null : rows[0];
    }

    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(string upload, int piece, CancellationToken cancellationToken = default)
    {
        var rows = await database.QueryAsync(Read, static row => row.Blob(0), cancellationToken, upload, piece).ConfigureAwait(false);
        return rows.Count == 0 ? (ReadOnlyMemory<byte>?)null : rows[0];
    }

    public Task DeleteAbandonedAsync(long before, CancellationToken cancellationToken = default) => RunAsync(DeleteAbandoned, cancellationToken, before);

    private Task<List<int>> RunAsync(Statement statement, CancellationToken cancellationToken, params ReadOnlySpan<SqlValue> values) =>
        database.QueryAsync(statement, static _ => 0, cancellationToken, values).AsTask();
}
