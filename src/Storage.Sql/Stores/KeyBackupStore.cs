namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Server-side key backups.</summary>
internal sealed class KeyBackupStore(ISqlDatabase database) : IKeyBackupStore
{
    private static readonly Statement[] DeletesOfUser = [new("DELETE FROM key_backup_sessions WHERE user_id = $1"),
        new("DELETE FROM key_backups WHERE user_id = $1")];

    private const string Select = """
        SELECT user_id, version, algorithm, auth_data, etag, deleted,
        (SELECT count(*) FROM key_backup_sessions s WHERE s.user_id = key_backups.user_id AND s.version = key_backups.version) FROM key_backups
            WHERE user_id = $1 AND
        """;

    private static readonly Statement SelectVersion = new($"{Select} version = $2");
    private static readonly Statement SelectNewest = new($"{Select} deleted = 0 ORDER BY version DESC LIMIT 1");
    private static readonly Statement SelectLast = new("SELECT COALESCE(MAX(version), 0) FROM key_backups WHERE user_id = $1");

    private static readonly Statement Count = new("SELECT count(*) FROM key_backups WHERE user_id = $1 AND deleted = 0");
    private static readonly Statement CountSessions = new("SELECT count(*) FROM key_backup_sessions WHERE user_id = $1");

    private static readonly Statement Upsert = new("""
        INSERT INTO key_backups (user_id, version, algorithm, auth_data, etag, deleted) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id, version) DO UPDATE SET algorithm = excluded.algorithm, auth_data = excluded.auth_data, etag = excluded.etag,
            deleted = excluded.deleted
        """);

    private static readonly Statement MarkDeleted = new("UPDATE key_backups SET deleted = 1 WHERE user_id = $1 AND version = $2");

    private static readonly Statement UpsertSession = new("""
        INSERT INTO key_backup_sessions (user_id, version, room_key, session_key, room_id, session_id, json) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (user_id, version, room_key, session_key) DO UPDATE SET json = excluded.json
        """);

    private const string OfSessions = "FROM key_backup_sessions WHERE user_id = $1 AND version = $2";
    private const string OfRoom = $"{OfSessions} AND room_key = $3";
    private const string OfSession = $"{OfRoom} AND session_key = $4";
    private static readonly Statement DeleteAllSessions = new($"DELETE {OfSessions}");
    private static readonly Statement DeleteOfRoom = new($"DELETE {OfRoom}");
    private static readonly Statement DeleteOne = new($"DELETE {OfSession}");
    private static readonly Statement SelectAll = new($"SELECT room_id, session_id, json {OfSessions}");
    private static readonly Statement SelectOfRoom = new($"SELECT room_id, session_id, json {OfRoom}");
    private static readonly Statement SelectOne = new($"SELECT room_id, session_id, json {OfSession}");

    private static readonly Func<SqlRow, KeyBackupRow> ReadBackup = static row => new(
        row.Text(0), row.Integer(1), row.Text(2), row.Blob(3), row.Integer(4), row.Flag(5), (int)row.Integer(6));

    private static readonly Func<SqlRow, BackupSessionRow> ReadSession = static row => new(row.Text(0), row.Text(1), row.Blob(2));

    public ValueTask<KeyBackupRow?> GetAsync(string userId, long? version, CancellationToken cancellationToken = default) =>
        version is { } wanted
            ? database.FirstAsync(SelectVersion, ReadBackup, cancellationToken, userId, wanted)
            : database.FirstAsync(SelectNewest, ReadBackup, cancellationToken, userId);

    public async ValueTask<long> LastVersionAsync(string userId, CancellationToken cancellationToken = default) =>
        (await database.QueryAsync(SelectLast, static row => row.Integer(0), cancellationToken, userId).ConfigureAwait(false))[0];

    public ValueTask<long> CountAsync(string userId, CancellationToken cancellationToken = default) => CountAsync(Count, userId, cancellationToken);

    public ValueTask<long> CountSessionsAsync(string userId, CancellationToken cancellationToken = default) =>
        CountAsync(CountSessions, userId, cancellationToken);

    private async ValueTask<long> CountAsync(Statement statement, string userId, CancellationToken cancellationToken) =>
        (await database.QueryAsync(statement, static row => row.Integer(0), cancellationToken, userId).ConfigureAwait(false))[0];

    public void Put(WriteUnit unit, KeyBackupRow row) => unit.Add(Upsert, row.UserId, row.Version, row.Algorithm, row.AuthData, row.Etag, row.Deleted);

    public void Delete(WriteUnit unit, string userId, long version)
    {
        unit.Add(MarkDeleted, userId, version);
        unit.Add(DeleteAllSessions, userId, version);
    }

    public void PutSession(WriteUnit unit, string userId, long version, BackupSessionRow row) =>
        unit.Add(UpsertSession, userId, version, SqlText.Key(row.RoomId), SqlText.Key(row.SessionId), row.RoomId, row.SessionId, row.Json);

    public void DeleteAll(WriteUnit unit, string userId)
    {
        foreach (var delete in DeletesOfUser) unit.Add(delete, userId);
    }

    public void DeleteSessions(WriteUnit unit, string userId, long version, string? roomId, string? sessionId)
    {
        if (roomId is null) unit.Add(DeleteAllSessions, userId, version);
        else if (sessionId is null) unit.Add(DeleteOfRoom, userId, version, SqlText.Key(roomId));
        else unit.Add(DeleteOne, userId, version, SqlText.Key(roomId), SqlText.Key(sessionId));
    }

    public ValueTask<IReadOnlyList<BackupSessionRow>> SessionsAsync(string userId, long version, string? roomId, string? sessionId,
        CancellationToken cancellationToken = default) =>
        (roomId is null
            ? database.QueryAsync(SelectAll, ReadSession, cancellationToken, userId, version)
            : sessionId is null
                ? database.QueryAsync(SelectOfRoom, ReadSession, cancellationToken, userId, version, SqlText.Key(roomId))
                : database.QueryAsync(SelectOne, ReadSession, cancellationToken, userId, version, SqlText.Key(roomId), SqlText.Key(sessionId))).AsReadOnly();
}
