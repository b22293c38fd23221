namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Remote servers: keys and what they sent; and server-wide settings.</summary>
internal sealed class ServerStore(ISqlDatabase database) : IServerStore
{
    private static readonly Statement SelectKeys =
        new("SELECT server, key_id, public_key, valid_until, is_old, fetched_at FROM server_keys WHERE server = $1 ORDER BY id_key LIMIT 1000");

    private static readonly Statement UpsertKey = new("""
        INSERT INTO server_keys (server, id_key, key_id, public_key, valid_until, is_old, fetched_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (server, id_key) DO UPDATE SET
            public_key = excluded.public_key, valid_until = excluded.valid_until, is_old = excluded.is_old, fetched_at = excluded.fetched_at
        WHERE excluded.fetched_at >= server_keys.fetched_at
        """);

    private static readonly Statement SelectKeyLists =
        new("SELECT key_id, json, valid_until FROM server_key_lists WHERE server = $1 ORDER BY valid_until, id_key");
    private static readonly Statement DeleteOneKeyList = new("DELETE FROM server_key_lists WHERE server = $1 AND id_key = $2");
    private static readonly Statement UpsertKeyList = new("""
        INSERT INTO server_key_lists (server, id_key, key_id, json, valid_until) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (server, id_key) DO UPDATE SET json = excluded.json, valid_until = excluded.valid_until
        WHERE excluded.valid_until >= server_key_lists.valid_until
        """);

    private static readonly Statement SelectTransaction = new("SELECT response FROM inbound_transactions WHERE origin = $1 AND txn_id = $2");
    private static readonly Statement InsertTransaction = new(
        "INSERT INTO inbound_transactions (origin, txn_id, response, ts) VALUES ($1, $2, $3, $4) ON CONFLICT (origin, txn_id) DO NOTHING");

    private static readonly Statement PruneTransactions = new("DELETE FROM inbound_transactions WHERE ts < $1");

    private static readonly Statement SelectBackoff = new("SELECT server, failures, failed_at FROM server_backoff WHERE server = $1");
    private static readonly Statement UpsertBackoff = new("""
        INSERT INTO server_backoff (server, failures, failed_at) VALUES ($1, $2, $3)
        ON CONFLICT (server) DO UPDATE SET failures = excluded.failures, failed_at = excluded.failed_at
        """);

    private static readonly Statement DeleteBackoff = new("DELETE FROM server_backoff WHERE server = $1");

    private static readonly Statement SelectSetting = new("SELECT value FROM settings WHERE name = $1");
    private static readonly Statement InsertSetting = new("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
    private static readonly Statement UpdateSetting = new("UPDATE settings SET value = $3 WHERE name = $1 AND value = $2");

    public ValueTask<IReadOnlyList<ServerKeyRow>> KeysAsync(string server, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            SelectKeys, static row => new ServerKeyRow(row.Text(0), row.Text(1), row.Blob(2), row.Integer(3), row.Flag(4), row.Integer(5)), cancellationToken,
            server).AsReadOnly();

    public void PutKey(WriteUnit unit, ServerKeyRow row) =>
        unit.Add(UpsertKey, row.Server, SqlText.Key(row.KeyId), row.KeyId, row.PublicKey, row.ValidUntil, row.IsOld, row.FetchedAt);

    public ValueTask<IReadOnlyList<(string KeyId, ReadOnlyMemory<byte> Json, long ValidUntil)>> KeyListsAsync(
        string server, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectKeyLists, static row => (row.Text(0), (ReadOnlyMemory<byte>)row.Blob(1), row.Integer(2)), cancellationToken, server)
            .AsReadOnly();

    public void PutKeyList(WriteUnit unit, string server, string keyId, ReadOnlyMemory<byte> json, long validUntil) =>
        unit.Add(UpsertKeyList, server, SqlText.Key(keyId), keyId, json, validUntil);

    public void DeleteKeyList(WriteUnit unit, string server, string keyId) => unit.Add(DeleteOneKeyList, server, SqlText.Key(keyId));

    public async ValueTask<ReadOnlyMemory<byte>?> FindInboundTransactionAsync(
        string origin, string transactionId, CancellationToken cancellationToken = default) =>
        await database.FirstAsync(SelectTransaction, static row => row.Blob(0), cancellationToken, origin, SqlText.Key(transactionId))
            .ConfigureAwait(false) is { } json ? json : (ReadOnlyMemory<byte>?)null;

    public void PutInboundTransaction(WriteUnit unit, string origin, string transactionId, ReadOnlyMemory<byte> response, long timestamp) =>
        unit.Add(InsertTransaction, origin, SqlText.Key(transactionId), response, timestamp);

    public Task PruneInboundTransactionsAsync(long before, CancellationToken cancellationToken = default)
    {
        var unit = new WriteUnit();
        unit.Add(PruneTransactions, before);
        return database.CommitAsync(unit);
    }

    public ValueTask<ServerBackoffRow?> BackoffAsync(string server, CancellationToken cancellationToken = default) =>
        database.FirstAsync(SelectBackoff, static row => new ServerBackoffRow(row.Text(0), (int)row.Integer(1), row.Integer(2)), cancellationToken, server);

    public void PutBackoff(WriteUnit unit, ServerBackoffRow row) => unit.Add(UpsertBackoff, row.Server, row.Failures, row.FailedAt);

    public void RemoveBackoff(WriteUnit unit, string server) => unit.Add(DeleteBackoff, server);

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

    public Task ReplaceSettingAsync(string key, string known, string value)
    {
        var unit = new WriteUnit();
        unit.Add(UpdateSetting, key, known, value);
        return database.CommitAsync(unit);
    }
}
