namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Messages that wait for devices.</summary>
internal sealed class ToDeviceStore(ISqlDatabase database) : IToDeviceStore
{
    private static readonly Statement Insert = new("INSERT INTO to_device (user_id, device_id, pos, json) VALUES ($1, $2, $3, $4)", key: 3);

    private static readonly Statement Waiting = new(
        "SELECT user_id, device_id, json, pos FROM to_device WHERE user_id = $1 AND device_id = $2 AND pos > $3 AND pos <= $4 ORDER BY pos LIMIT $5");

    private static readonly Statement Delete = new("DELETE FROM to_device WHERE user_id = $1 AND device_id = $2 AND pos <= $3");

    private static readonly Statement NextDevice = new(
        "SELECT user_id, device_id FROM to_device WHERE (user_id, device_id) > ($1, $2) ORDER BY user_id, device_id LIMIT 1");

    private static readonly Statement NewestBeyond = new("SELECT pos FROM to_device WHERE user_id = $1 AND device_id = $2 ORDER BY pos DESC LIMIT 1 OFFSET $3");

    private static readonly Statement Size =
        new("SELECT CAST(COALESCE(sum(length(json)), 0) AS BIGINT) FROM to_device WHERE user_id = $1 AND device_id = $2");

    private static readonly Statement NewestBeyondBytes = new("""
        SELECT COALESCE(max(pos), 0) FROM (SELECT pos, sum(length(json)) OVER (ORDER BY pos DESC) AS bytes FROM to_device
            WHERE user_id = $1 AND device_id = $2) AS newer WHERE bytes > $3
        """);

    public void Put(WriteUnit unit, ToDeviceRow row, PositionSlot slot) => unit.Add(Insert, row.UserId, row.DeviceId, slot, row.Json);

    public ValueTask<IReadOnlyList<ToDeviceRow>> WaitingAsync(
        string userId, string deviceId, long after, long upTo, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            Waiting, static row => new ToDeviceRow(row.Text(0), row.Text(1), row.Blob(2), row.Integer(3)), cancellationToken, userId, deviceId, after, upTo,
            limit).AsReadOnly();

    public void DeleteUpTo(WriteUnit unit, string userId, string deviceId, long position) => unit.Add(Delete, userId, deviceId, position);

    public async ValueTask<long> SizeAsync(string userId, string deviceId, CancellationToken cancellationToken = default) =>
        (await database.QueryAsync(Size, static row => row.Integer(0), cancellationToken, userId, deviceId).ConfigureAwait(false))[0];

    public async Task TrimAsync(string userId, string deviceId, long keep, CancellationToken cancellationToken = default)
    {
        var positions = await database.QueryAsync(NewestBeyondBytes, static row => row.Integer(0), cancellationToken, userId, deviceId, keep)
            .ConfigureAwait(false);
        var unit = new WriteUnit();
        DeleteUpTo(unit, userId, deviceId, positions[0]);
        await database.CommitAsync(unit).ConfigureAwait(false);
    }

    public async Task TrimAsync(int keep, CancellationToken cancellationToken = default)
    {
        var (user, device) = ("", "");
        while (await database.QueryAsync(NextDevice, static row => (row.Text(0), row.Text(1)), cancellationToken, user, device)
            .ConfigureAwait(false) is [var next, ..])
        {
            (user, device) = next;
            if (await database.QueryAsync(NewestBeyond, static row => row.Integer(0), cancellationToken, user, device, keep)
                .ConfigureAwait(false) is not [var position, ..])
                continue;
            var unit = new WriteUnit();
            DeleteUpTo(unit, user, device, position);
            await database.CommitAsync(unit).ConfigureAwait(false);
        }
    }
}
