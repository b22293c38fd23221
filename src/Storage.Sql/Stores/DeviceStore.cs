namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Devices of local users.</summary>
internal sealed class DeviceStore(ISqlDatabase database) : IDeviceStore
{
    private static readonly Statement Select = new("SELECT user_id, device_id, display_name, last_seen_ip, last_seen_at, user_agent FROM devices WHERE user_id = $1 ORDER BY device_id");

    private static readonly Statement Upsert = new("""
        INSERT INTO devices (user_id, device_id, display_name, last_seen_ip, last_seen_at, user_agent) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id, device_id) DO UPDATE SET display_name = excluded.display_name, last_seen_ip = excluded.last_seen_ip, last_seen_at = excluded.last_seen_at,
        user_agent = excluded.user_agent
        """);

    /// <summary>A device goes with everything that is kept for it alone.</summary>
    private static readonly Statement[] Deletes =
    [
        new("DELETE FROM devices WHERE user_id = $1 AND device_id = $2"),
        new("DELETE FROM device_keys WHERE user_id = $1 AND device_id = $2"),
        new("DELETE FROM one_time_keys WHERE user_id = $1 AND device_id = $2"),
        new("DELETE FROM fallback_keys WHERE user_id = $1 AND device_id = $2"),
        new("DELETE FROM to_device WHERE user_id = $1 AND device_id = $2"),
        new("DELETE FROM pushers WHERE user_id = $1 AND device_id = $2"),
        new("DELETE FROM key_signatures WHERE target_user_id = $1 AND target = $2"),
    ];

    public ValueTask<IReadOnlyList<DeviceRow>> OfUserAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            Select, static row => new DeviceRow(row.Text(0), row.Text(1), row.TextOrNull(2), row.TextOrNull(3), row.IntegerOrNull(4), row.TextOrNull(5)),
            cancellationToken, userId).AsReadOnly();

    public void Put(WriteUnit unit, DeviceRow row) => unit.Add(Upsert, row.UserId, row.DeviceId, row.DisplayName, row.LastSeenIp, row.LastSeenAt, row.UserAgent);

    public void Delete(WriteUnit unit, string userId, string deviceId)
    {
        foreach (var delete in Deletes) unit.Add(delete, userId, deviceId);
    }
}
