namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Remote servers: keys, what waits for them, what they sent; and server-wide settings.</summary>
internal sealed class ServerStore(ISqlDatabase database) : IServerStore
{
    private static readonly Statement SelectKeys = new("SELECT server, key_id, public_key, valid_until, is_old, fetched_at FROM server_keys WHERE server = $1 ORDER BY id_key LIMIT 1000");

    private static readonly Statement UpsertKey = new("""
        INSERT INTO server_keys (server, id_key, key_id, public_key, valid_until, is_old, fetched_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (server, id_key) DO UPDATE SET public_key = excluded.public_key, valid_until = excluded.valid_until, is_old = excluded.is_old, fetched_at = excluded.fetched_at
        """);

    private static readonly Statement InsertQueued = new("INSERT INTO outbox (destination, pos, event_id, edu) VALUES ($1, $2, $3, $4)", key: 2);
    private static readonly Statement SelectQueued = new("SELECT destination, pos, event_id, edu FROM outbox WHERE destination = $1 AND pos > $2 ORDER BY pos LIMIT $3");
    private static readonly Statement DeleteQueued = new("DELETE FROM outbox WHERE destination = $1 AND pos <= $2");
    private static readonly Statement SelectDestinations = new("SELECT DISTINCT destination FROM outbox ORDER BY destination");

    private static readonly Statement SelectTransaction = new("SELECT response FROM inbound_transactions WHERE origin = $1 AND txn_id = $2");
    private static readonly Statement InsertTransaction = new(
        "INSERT INTO inbound_transactions (origin, txn_id, response, ts) VALUES ($1, $2, $3, $4) ON CONFLICT (origin, txn_id) DO NOTHING");

    private static readonly Statement PruneTransactions = new("DELETE FROM inbound_transactions WHERE ts < $1");

    private static readonly Statement SelectSetting = new("SELECT value FROM settings WHERE name = $1");
    private static readonly Statement InsertSetting = new("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");

    private volatile Action<IReadOnlyCollection<string>>? _queued;

    public void OnQueued(Action<IReadOnlyCollection<string>> listener) => _queued += listener;

    /// <summary>Tells the listeners of a commit.</summary>
    public void Announce(WriteUnit unit) => _queued?.Invoke(unit.Destinations);

    public ValueTask<IReadOnlyList<ServerKeyRow>> KeysAsync(string server, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            SelectKeys, static row => new ServerKeyRow(row.Text(0), row.Text(1), row.Blob(2), row.Integer(3), row.Flag(4), row.Integer(5)), cancellationToken, server).AsReadOnly();

    public void PutKey(WriteUnit unit, ServerKeyRow row) => unit.Add(UpsertKey, row.Server, SqlText.Key(row.KeyId), row.KeyId, row.PublicKey, row.ValidUntil, row.IsOld, row.FetchedAt);

    public void Enqueue(WriteUnit unit, IReadOnlyCollection<string> destinations, string? eventId, ReadOnlyMemory<byte>? edu, PositionSlot slot)
    {
        unit.AddDestinations(destinations);
        foreach (var destination in destinations) unit.Add(InsertQueued, destination, slot, eventId, edu);
    }

    public ValueTask<IReadOnlyList<OutboxRow>> QueuedAsync(string destination, long after, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            SelectQueued, static row => new OutboxRow(row.Text(0), row.Integer(1), row.TextOrNull(2), row.BlobOrNull(3)), cancellationToken, destination, after, limit).AsReadOnly();

    public void Dequeue(WriteUnit unit, string destination, long upToPosition) => unit.Add(DeleteQueued, destination, upToPosition);

    public ValueTask<IReadOnlyList<string>> DestinationsWithQueueAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectDestinations, static row => row.Text(0), cancellationToken).AsReadOnly();

    public async ValueTask<ReadOnlyMemory<byte>?> FindInboundTransactionAsync(string origin, string transactionId, CancellationToken cancellationToken = default) =>
        await database.FirstAsync(SelectTransaction, static row => row.Blob(0), cancellationToken, origin, SqlText.Key(transactionId)).ConfigureAwait(false) is { } json ? json : (ReadOnlyMemory<byte>?)null;

    public void PutInboundTransaction(WriteUnit unit, string origin, string transactionId, ReadOnlyMemory<byte> response, long timestamp) =>
        unit.Add(InsertTransaction, origin, SqlText.Key(transactionId), response, timestamp);

    public Task PruneInboundTransactionsAsync(long before, CancellationToken cancellationToken = default)
    {
        var unit = new WriteUnit();
        unit.Add(PruneTransactions, before);
        return database.CommitAsync(unit);
    }

    public ValueTask<string?> GetSettingAsync(string key, CancellationToken cancellationToken = default) =>
        database.FirstAsync(SelectSetting, static row => row.Text(0), cancellationToken, key);

    public async ValueTask<string> SetSettingOnceAsync(string key, string value, CancellationToken cancellationToken = default)
    {
        if (await GetSettingAsync(key, cancellationToken).ConfigureAwait(false) is { } set) return set;
        var unit = new WriteUnit();
        unit.Add(InsertSetting, key, value);
        await database.CommitAsync(unit).ConfigureAwait(false);
        return (await GetSettingAsync(key, cancellationToken).ConfigureAwait(false))!;
    }
}
