namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Pushers of local users.</summary>
internal sealed class PusherStore(ISqlDatabase database) : IPusherStore
{
    private static readonly Statement Select = new(
        "SELECT user_id, app_id, push_key, device_id, json, created_at FROM pushers WHERE user_id = $1 ORDER BY created_at, pusher_key");

    private static readonly Statement Upsert = new("""
        INSERT INTO pushers (user_id, pusher_key, app_id, push_key, device_id, json, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (user_id, pusher_key) DO UPDATE SET device_id = excluded.device_id, json = excluded.json
        """);

    private static readonly Statement DeleteOne = new("DELETE FROM pushers WHERE user_id = $1 AND pusher_key = $2");
    private static readonly Statement DeleteOther = new("DELETE FROM pushers WHERE user_id <> $1 AND pusher_key = $2");

    private static readonly Statement DeleteDevice = new("DELETE FROM pushers WHERE user_id = $1 AND device_id = $2");
    private static readonly Statement DeleteAll = new("DELETE FROM pushers WHERE user_id = $1");

    public void Put(WriteUnit unit, PusherRow row) =>
        unit.Add(Upsert, row.UserId, SqlText.Key(row.AppId, row.PushKey), row.AppId, row.PushKey, row.DeviceId, row.Json, row.CreatedAt);

    public void Delete(WriteUnit unit, string userId, string appId, string pushKey) => unit.Add(DeleteOne, userId, SqlText.Key(appId, pushKey));

    public void DeleteOfDevice(WriteUnit unit, string userId, string? deviceId)
    {
        if (deviceId is null) unit.Add(DeleteAll, userId);
        else unit.Add(DeleteDevice, userId, deviceId);
    }

    public void DeleteOfOthers(WriteUnit unit, string userId, string appId, string pushKey) => unit.Add(DeleteOther, userId, SqlText.Key(appId, pushKey));

    public ValueTask<IReadOnlyList<PusherRow>> OfUserAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            Select, static row => new PusherRow(row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Blob(4), row.Integer(5)), cancellationToken,
                userId).AsReadOnly();
}
