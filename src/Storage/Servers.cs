namespace OrleansMatrix.Storage;

/// <summary>A verify key of a remote server.</summary>
/// <param name="ValidUntil">Milliseconds since the epoch; for old keys: expired_ts.</param>
public sealed record ServerKeyRow(string Server, string KeyId, ReadOnlyMemory<byte> PublicKey, long ValidUntil, bool IsOld, long FetchedAt);

/// <summary>A server that does not answer.</summary>
/// <param name="Failures">Tries that failed, one after the other.</param>
/// <param name="FailedAt">When the last one did, milliseconds since the epoch.</param>
public sealed record ServerBackoffRow(string Server, int Failures, long FailedAt);

public interface IServerStore
{
    ValueTask<IReadOnlyList<ServerKeyRow>> KeysAsync(string server, CancellationToken cancellationToken = default);
    void PutKey(WriteUnit unit, ServerKeyRow row);

    /// <summary>For a server's keys the lists that it published them in, for a notary's answers, and until when these are valid.</summary>
    ValueTask<IReadOnlyList<(string KeyId, ReadOnlyMemory<byte> Json, long ValidUntil)>> KeyListsAsync(
        string server, CancellationToken cancellationToken = default);
    void PutKeyList(WriteUnit unit, string server, string keyId, ReadOnlyMemory<byte> json, long validUntil);
    void DeleteKeyList(WriteUnit unit, string server, string keyId);

    /// <summary>Records that an inbound transaction was answered; null if it was not seen.</summary>
    ValueTask<ReadOnlyMemory<byte>?> FindInboundTransactionAsync(string origin, string transactionId, CancellationToken cancellationToken = default);
    void PutInboundTransaction(WriteUnit unit, string origin, string transactionId, ReadOnlyMemory<byte> response, long timestamp);

    /// <summary>Forgets answers older than <paramref name="before"/> (ms since epoch).</summary>
    Task PruneInboundTransactionsAsync(long before, CancellationToken cancellationToken = default);

    /// <summary>What is remembered of a server that did not answer; null: nothing.</summary>
    ValueTask<ServerBackoffRow?> BackoffAsync(string server, CancellationToken cancellationToken = default);
    void PutBackoff(WriteUnit unit, ServerBackoffRow row);
    void RemoveBackoff(WriteUnit unit, string server);

    /// <summary>Small server-wide settings shared by all silos, e.g. the id of the signing key in use.</summary>
    ValueTask<string?> GetSettingAsync(string key, CancellationToken cancellationToken = default);
    /// <summary>Sets it if it is not set; returns the value that is set now.</summary>
    ValueTask<string> SetSettingOnceAsync(string key, string value, CancellationToken cancellationToken = default);
    /// <summary>Changes it if it still has the value <paramref name="known"/>.</summary>
    Task ReplaceSettingAsync(string key, string known, string value);
}

/// <summary>A reminder; the grain id in its textual form.</summary>
public sealed record ReminderRow(string GrainId, string Name, long StartAt, long PeriodMs, string ETag);

/// <summary>Orleans' reminders on SQLite; on PostgreSQL its own provider keeps them.</summary>
public interface IReminderStore
{
    ValueTask<IReadOnlyList<ReminderRow>> AllAsync(CancellationToken cancellationToken = default);
    ValueTask<IReadOnlyList<ReminderRow>> OfAsync(string grainId, CancellationToken cancellationToken = default);
    ValueTask<string> UpsertAsync(ReminderRow row, CancellationToken cancellationToken = default);
    ValueTask<bool> DeleteAsync(string grainId, string name, string etag, CancellationToken cancellationToken = default);
}
