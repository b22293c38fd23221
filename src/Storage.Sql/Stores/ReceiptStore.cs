namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>The latest receipts.</summary>
internal sealed class ReceiptStore(ISqlDatabase database) : IReceiptStore
{
    private const string Select = "SELECT room_id, user_id, type, thread_id, event_id, anchor, minor, ts, pos FROM receipts WHERE";

    private static readonly Statement Upsert = new("""
        INSERT INTO receipts (room_id, user_id, kind_key, type, thread_id, event_id, anchor, minor, ts, pos) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (room_id, user_id, kind_key) DO UPDATE SET event_id = excluded.event_id, anchor = excluded.anchor, minor = excluded.minor,
            ts = excluded.ts, pos = excluded.pos
        """);

    private static readonly Statement Remove = new("DELETE FROM receipts WHERE room_id = $1 AND user_id = $2 AND kind_key = $3");
    private static readonly Statement Changed = new($"{Select} room_id = ANY($1) AND pos > $2 AND pos <= $3 ORDER BY pos");
    private static readonly Statement OfUser = new($"{Select} user_id = $1 ORDER BY pos");
    private static readonly Statement OfUserInRoom = new($"{Select} user_id = $1 AND room_id = $2 ORDER BY pos");

    private static readonly Func<SqlRow, ReceiptRow> Read = static row => new(
        row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), new HistoryOrder(row.Integer(5), row.Integer(6)), row.Integer(7), row.Integer(8));

    public void Put(WriteUnit unit, ReceiptRow row, PositionSlot slot) =>
        unit.Add(
            Upsert, row.RoomId, row.UserId, SqlText.Key(row.Type, row.ThreadId), row.Type, row.ThreadId, row.EventId, row.Order.Anchor, row.Order.Minor,
            row.Timestamp, slot);

    public void Delete(WriteUnit unit, ReceiptRow row) => unit.Add(Remove, row.RoomId, row.UserId, SqlText.Key(row.Type, row.ThreadId));

    public ValueTask<IReadOnlyList<ReceiptRow>> ChangedAsync(
        IReadOnlyCollection<string> roomIds, long after, long upTo, CancellationToken cancellationToken = default) =>
        database.QueryListAsync(Changed, Read, roomIds, cancellationToken, after, upTo).AsReadOnly();

    public ValueTask<IReadOnlyList<ReceiptRow>> OfUserAsync(string userId, string? roomId, CancellationToken cancellationToken = default) =>
        (roomId is null
            ? database.QueryAsync(OfUser, Read, cancellationToken, userId)
            : database.QueryAsync(OfUserInRoom, Read, cancellationToken, userId, roomId)).AsReadOnly();
}
