namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Reports of content.</summary>
internal sealed class ReportStore(ISqlDatabase database) : IReportStore
{
    private static readonly Statement Insert = new(
        "INSERT INTO reports (reporter, room_id, event_id, reported_user_id, reason, received_at) VALUES ($1, $2, $3, $4, $5, $6)");

    private static readonly Statement Select = new(
        "SELECT id, reporter, room_id, event_id, reported_user_id, reason, received_at FROM reports WHERE id > $1 ORDER BY id LIMIT $2");

    public void Add(WriteUnit unit, ReportRow row) => unit.Add(Insert, row.Reporter, row.RoomId, row.EventId, row.ReportedUserId, row.Reason, row.ReceivedAt);

    public ValueTask<IReadOnlyList<ReportRow>> ListAsync(long afterId, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            Select, static row => new ReportRow(row.Integer(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.Integer(6)),
            cancellationToken, afterId, limit).AsReadOnly();
}
