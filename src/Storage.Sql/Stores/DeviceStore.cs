namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Devices of local users.</summary>
internal sealed class DeviceStore(ISqlDatabase database) : IDeviceStore
{
    private static readonly Statement Select =
        new("SELECT user_id, device_id, display_name, last_seen_ip, last_seen_at, user_agent FROM devices WHERE user_id = $1 ORDER BY device_id");

    private static readonly Statement Upsert = new("""
        INSERT INTO devices (user_id, device_id, display_name, last_seen_ip, last_seen_at, user_agent) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id, device_id) DO UPDATE SET display_name = excluded.display_name, last_seen_ip = excluded.last_seen_ip,
            last_seen_at = excluded.last_seen_at,
        user_agent = excluded.user_agent
        """);

    private static readonly Statement DeleteOne = new("DELETE FROM devices WHERE user_id = $1 AND device_id = $2");

    public ValueTask<IReadOnlyList<DeviceRow>> OfUserAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            Select, static row => new DeviceRow(row.Text(0), row.Text(1), row.TextOrNull(2), row.TextOrNull(3), row.IntegerOrNull(4), row.TextOrNull(5)),
            cancellationToken, userId).AsReadOnly();

    public void Put(WriteUnit unit, DeviceRow row) =>
        unit.Add(Upsert, row.UserId, row.DeviceId, row.DisplayName, row.LastSeenIp, row.LastSeenAt, row.UserAgent);

    public void Delete(WriteUnit unit, string userId, string deviceId) => unit.Add(DeleteOne, userId, deviceId);
}
