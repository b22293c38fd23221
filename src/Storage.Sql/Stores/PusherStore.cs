namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Pushers of local users.</summary>
internal sealed class PusherStore(ISqlDatabase database) : IPusherStore
{
    private static readonly Statement Select = new(
        "SELECT user_id, app_id, push_key, device_id, json, created_at, pushed_to FROM pushers WHERE user_id = $1 ORDER BY created_at, pusher_key");

    private static readonly Statement Upsert = new("""
        INSERT INTO pushers (user_id, pusher_key, app_id, push_key, device_id, json, created_at, pushed_to) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (user_id, pusher_key) DO UPDATE SET device_id = excluded.device_id, json = excluded.json, created_at = excluded.created_at
        """);

    private static readonly Statement UpdatePlace = new("UPDATE pushers SET pushed_to = $3 WHERE user_id = $1 AND pusher_key = $2");
    private static readonly Statement SelectOthers = new("SELECT user_id FROM pushers WHERE user_id <> $1 AND pusher_key = $2");
    private static readonly Statement SelectUsers = new("SELECT DISTINCT user_id FROM pushers");

    private static readonly Statement SelectUsersInRoom = new("""
        SELECT DISTINCT p.user_id FROM pushers p JOIN memberships m ON m.user_id = p.user_id AND m.room_id = $1 WHERE m.membership IN ('join', 'invite')
        """);

    private static readonly Statement SelectBehind = new("""
        SELECT p.user_id FROM pushers p WHERE p.user_id > $1 AND EXISTS (
            SELECT 1 FROM memberships m LEFT JOIN rooms r ON r.room_id = m.room_id WHERE m.user_id = p.user_id AND (
                (m.membership = 'join' AND r.last_position > p.pushed_to) OR (m.membership = 'invite' AND m.pos > p.pushed_to)))
        GROUP BY p.user_id ORDER BY p.user_id LIMIT $2
        """);

    private static readonly Statement DeleteOne = new("DELETE FROM pushers WHERE user_id = $1 AND pusher_key = $2");
    private static readonly Statement DeleteOther = new("DELETE FROM pushers WHERE user_id <> $1 AND pusher_key = $2");

    private static readonly Statement DeleteDevice = new("DELETE FROM pushers WHERE user_id = $1 AND device_id = $2");
    private static readonly Statement DeleteAll = new("DELETE FROM pushers WHERE user_id = $1");

    public void Put(WriteUnit unit, PusherRow row) =>
        unit.Add(Upsert, row.UserId, SqlText.Key(row.AppId, row.PushKey), row.AppId, row.PushKey, row.DeviceId, row.Json, row.CreatedAt, row.PushedTo);

    public void SetPlace(WriteUnit unit, PusherRow row) => unit.Add(UpdatePlace, row.UserId, SqlText.Key(row.AppId, row.PushKey), row.PushedTo);

    public void Delete(WriteUnit unit, string userId, string appId, string pushKey) => unit.Add(DeleteOne, userId, SqlText.Key(appId, pushKey));

    public void DeleteOfDevice(WriteUnit unit, string userId, string? deviceId)
    {
        if (deviceId is null) unit.Add(DeleteAll, userId);
        else unit.Add(DeleteDevice, userId, deviceId);
    }

    public void DeleteOfOthers(WriteUnit unit, string userId, string appId, string pushKey) => unit.Add(DeleteOther, userId, SqlText.Key(appId, pushKey));

    public ValueTask<IReadOnlyList<PusherRow>> OfUserAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            Select, static row => new PusherRow(row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Blob(4), row.Integer(5), row.Integer(6)),
            cancellationToken, userId).AsReadOnly();

    public ValueTask<IReadOnlyList<string>> OthersAsync(string userId, string appId, string pushKey, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectOthers, static row => row.Text(0), cancellationToken, userId, SqlText.Key(appId, pushKey)).AsReadOnly();

    public ValueTask<IReadOnlyList<string>> UsersAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectUsers, static row => row.Text(0), cancellationToken).AsReadOnly();

    public ValueTask<IReadOnlyList<string>> UsersInRoomAsync(string roomId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectUsersInRoom, static row => row.Text(0), cancellationToken, roomId).AsReadOnly();

    public ValueTask<IReadOnlyList<string>> BehindAsync(string after, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectBehind, static row => row.Text(0), cancellationToken, after, limit).AsReadOnly();
}
