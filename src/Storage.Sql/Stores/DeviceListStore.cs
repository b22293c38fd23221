namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>What servers know of each other's users' devices.</summary>
internal sealed class DeviceListStore(ISqlDatabase database) : IDeviceListStore
{
    private static readonly Statement SelectNewest = new("SELECT pos FROM device_list_changes WHERE user_id = $1 AND only_for = ''");
    private static readonly Statement SelectTold = new("SELECT user_id, stream_id FROM device_lists_told WHERE user_id = ANY($1) AND destination = $2");
    private static readonly Statement UpsertTold = new("""
        INSERT INTO device_lists_told (destination, user_id, stream_id) VALUES ($1, $2, $3) ON CONFLICT (destination, user_id)
            DO UPDATE SET stream_id = excluded.stream_id
        """);

    private static readonly Statement SelectUntold = new("""
        SELECT members.user_id, changes.pos FROM memberships members
        JOIN device_list_changes changes ON changes.user_id = members.user_id AND changes.only_for = ''
        LEFT JOIN device_lists_told told ON told.destination = $1 AND told.user_id = members.user_id
        WHERE members.room_id = $2 AND members.membership = 'join' AND members.server = $3 AND (told.stream_id IS NULL OR told.stream_id < changes.pos)
        ORDER BY members.user_id LIMIT $4
        """);

    private static readonly Statement SelectRemote = new("SELECT user_id, stream_id, fresh, version FROM remote_device_lists WHERE user_id = ANY($1)");
    private static readonly Statement SelectStale = new("""
        SELECT user_id FROM remote_device_lists WHERE fresh = 0 AND user_id > $1 AND EXISTS
        (SELECT 1 FROM memberships mine JOIN memberships theirs ON theirs.room_id = mine.room_id AND theirs.membership = 'join'
        WHERE mine.user_id = remote_device_lists.user_id AND mine.membership = 'join' AND theirs.server = $2) ORDER BY user_id LIMIT $3
        """);
    private static readonly Statement UpsertStale = new("""
        INSERT INTO remote_device_lists (user_id, stream_id, fresh, version) VALUES ($1, NULL, 0, 1)
        ON CONFLICT (user_id) DO UPDATE SET fresh = 0, version = remote_device_lists.version + 1
        """);

    private static readonly Statement UpdateUntracked =
        new("UPDATE remote_device_lists SET fresh = 0, stream_id = NULL, version = version + 1 WHERE user_id = $1");
    private static readonly Statement UpdateRoomUntracked = new("""
        UPDATE remote_device_lists SET fresh = 0, stream_id = NULL, version = version + 1
        WHERE user_id IN (SELECT user_id FROM memberships WHERE room_id = $1 AND membership = 'join')
        """);

    private static readonly Statement UpsertRemote = new("""
        INSERT INTO remote_device_lists (user_id, stream_id, fresh, version) VALUES ($1, $2, 1, 1)
        ON CONFLICT (user_id) DO UPDATE SET stream_id = excluded.stream_id, fresh = CASE WHEN remote_device_lists.version = $3 THEN 1 ELSE 0 END,
        version = remote_device_lists.version + 1
        """);

    private static readonly Statement[] DeletesOfRemote =
    [
        new("DELETE FROM devices WHERE user_id = $1"),
        new("DELETE FROM device_keys WHERE user_id = $1"),
        new("DELETE FROM cross_signing_keys WHERE user_id = $1"),
    ];

    public async ValueTask<long> NewestChangeAsync(string userId, CancellationToken cancellationToken = default) =>
        (await database.QueryAsync(SelectNewest, static row => row.Integer(0), cancellationToken, userId).ConfigureAwait(false)).FirstOrDefault();

    public async ValueTask<IReadOnlyDictionary<string, long>> ToldAsync(
        string destination, IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default) =>
        (await database.QueryListAsync(SelectTold, static row => KeyValuePair.Create(row.Text(0), row.Integer(1)), userIds, cancellationToken, destination)
            .ConfigureAwait(false)).ToDictionary(StringComparer.Ordinal);

    public void PutTold(WriteUnit unit, string destination, string userId, long streamId) => unit.Add(UpsertTold, destination, userId, streamId);

    public ValueTask<IReadOnlyList<(string UserId, long Newest)>> UntoldAsync(
        string destination, string roomId, string localServer, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectUntold, static row => (row.Text(0), row.Integer(1)), cancellationToken, destination, roomId, localServer, limit).AsReadOnly();

    public async ValueTask<IReadOnlyDictionary<string, RemoteDeviceList>> RemoteAsync(
        IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default) =>
        (await database.QueryListAsync(
            SelectRemote, static row => new RemoteDeviceList(row.Text(0), row.IntegerOrNull(1), row.Flag(2), row.Integer(3)), userIds, cancellationToken)
            .ConfigureAwait(false))
        .ToDictionary(static list => list.UserId, StringComparer.Ordinal);

    public ValueTask<IReadOnlyList<string>> StaleAsync(string afterUserId, string localServer, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectStale, static row => row.Text(0), cancellationToken, afterUserId, localServer, limit).AsReadOnly();

    public void MarkStale(WriteUnit unit, string userId) => unit.Add(UpsertStale, userId);

    public void Untrack(WriteUnit unit, string userId) => unit.Add(UpdateUntracked, userId);

    public void UntrackRoom(WriteUnit unit, string roomId) => unit.Add(UpdateRoomUntracked, roomId);

    public void PutRemote(WriteUnit unit, string userId, long? streamId, long version) => unit.Add(UpsertRemote, userId, streamId, version);

    public void DeleteRemoteKeys(WriteUnit unit, string userId)
    {
        foreach (var delete in DeletesOfRemote) unit.Add(delete, userId);
    }
}
