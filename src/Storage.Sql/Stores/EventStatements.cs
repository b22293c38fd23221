namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>The SQL of <see cref="EventStore"/>. <c>status = 0</c>: accepted; <c>anchor IS NOT NULL</c>: with a place in history.</summary>
internal static class EventStatements
{
    private const string Columns =
        "event_id, room_id, anchor, minor, depth, origin_ts, type, state_key, sender, status, state_before, json, redacted_by, device_id, txn_id, " +
        "relates_to, rel_type, auth_generation";

    private const string Insert =
        $"INSERT INTO events ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT (event_id) DO " +
        "UPDATE SET ";

    /// <summary>An outlier takes the new row's place and judgement; a redaction that has met it stays.</summary>
    private const string Replace = """
        anchor = excluded.anchor, minor = excluded.minor, state_before = excluded.state_before,
        auth_generation = COALESCE(events.auth_generation, excluded.auth_generation),
        json = CASE WHEN events.redacted_by IS NULL THEN excluded.json ELSE events.json END, redacted_by = COALESCE(events.redacted_by, excluded.redacted_by)
        """;

    // The indexes are partial: a query must repeat their conditions, or SQLite does not use them.
    private const string InRange = "(anchor, minor) > ($2, $3) AND (anchor, minor) <= ($4, $5) AND anchor IS NOT NULL AND status = 0";
    private const string Accepted = "AND status = 0 AND anchor IS NOT NULL";
    private const string Newest = "ORDER BY anchor DESC, minor DESC";
    private const string Oldest = "ORDER BY anchor, minor";
    private const string Select = $"SELECT {Columns} FROM events WHERE";
    private const string Relations = $"{Select} relates_to = $1 AND {InRange} AND room_id = $7 AND ($8 IS NULL OR rel_type = $8) AND ($9 IS NULL OR type = $9)";

    // SQL cannot raise an error by itself: null, which the column refuses, fails the commit if the event has a place already, and spares a second statement.
    private const string StatusOrFailure = "CASE WHEN events.status & 1 = 1 THEN excluded.status ELSE NULL END";

    public static readonly Statement AppendLive = new($"{Insert} {Replace}, status = {StatusOrFailure}", "the event is stored already", key: 1);

    public static readonly Statement AddHistoric = new($"{Insert} {Replace}, status = excluded.status WHERE events.status & 1 = 1");
    public static readonly Statement Redact = new("UPDATE events SET json = $2, redacted_by = $3 WHERE event_id = $1");
    public static readonly Statement Get = new($"{Select} event_id = $1");
    public static readonly Statement GetMany = new($"{Select} event_id = ANY($1)");
    public static readonly Statement Existing = new("SELECT event_id FROM events WHERE event_id = ANY($1)");
    public static readonly Statement RangeForward = new($"{Select} room_id = $1 AND {InRange} {Oldest} LIMIT $6");
    public static readonly Statement RangeBackward = new($"{Select} room_id = $1 AND {InRange} {Newest} LIMIT $6");
    public static readonly Statement LatestLive = new($"{Select} room_id = $1 AND anchor > $2 AND anchor <= $3 AND minor = 0 {Accepted} {Newest} LIMIT $4");
    public static readonly Statement RelationsForward = new($"{Relations} {Oldest} LIMIT $6");
    public static readonly Statement RelationsBackward = new($"{Relations} {Newest} LIMIT $6");
    public static readonly Statement Annotations = new(
        $"{Select} relates_to = $1 AND room_id = $2 AND rel_type = 'm.annotation' AND type = $3 AND sender = $4 AND status = 0 AND redacted_by IS NULL " +
        $"{Newest} LIMIT $5");
    public static readonly Statement Children = new(
        $"{Select} relates_to = $1 AND (anchor, minor) <= ($2, $3) AND status = 0 AND room_id = $4 {Newest} LIMIT $5");
    // The newest event of each thread: one that no later event of its thread follows.
    public static readonly Statement ThreadRoots = new("""
        SELECT relates_to, anchor FROM events WHERE room_id = $1 AND rel_type = 'm.thread' AND anchor < $2 AND status = 0 AND redacted_by IS NULL
            AND NOT EXISTS (
        SELECT 1 FROM events later WHERE later.relates_to = events.relates_to AND later.anchor > events.anchor AND later.rel_type = 'm.thread'
            AND later.status = 0
        AND later.redacted_by IS NULL AND later.room_id = events.room_id)
        ORDER BY anchor DESC LIMIT $3
        """);
    public static readonly Statement StateEventsFrom = new(
        "SELECT event_id, type, state_key FROM events WHERE room_id = $1 AND state_key IS NOT NULL AND (auth_generation >= $2 OR auth_generation IS NULL) " +
        "LIMIT $3");
    public static readonly Statement ByTimestampForward = new(
        $"{Select} room_id = $1 AND origin_ts = (SELECT MIN(origin_ts) FROM events WHERE room_id = $1 AND origin_ts >= $2 {Accepted}) {Accepted} {Oldest} " +
        "LIMIT 1");
    public static readonly Statement ByTimestampBackward = new(
        $"{Select} room_id = $1 AND origin_ts = (SELECT MAX(origin_ts) FROM events WHERE room_id = $1 AND origin_ts <= $2 {Accepted}) {Accepted} {Newest} " +
        "LIMIT 1");

    public static readonly Statement SetState = new("UPDATE events SET state_before = $2, status = $3 WHERE event_id = $1");

    public static readonly Statement AddPendingRedaction = new(
        "INSERT INTO pending_redactions (target_key, redaction_event_id, room_id) VALUES ($1, $2, $3) ON CONFLICT (target_key, redaction_event_id) DO NOTHING");
    public static readonly Statement PendingRedactions =
        new("SELECT redaction_event_id FROM pending_redactions WHERE target_key = $1 ORDER BY redaction_event_id LIMIT 100");
    public static readonly Statement Awaited = new("SELECT DISTINCT target_key FROM pending_redactions WHERE target_key = ANY($1)");

    public static readonly Statement BackwardExtremities =
        new("SELECT event_id FROM backward_extremities WHERE room_id = $1 AND anchor = $2 ORDER BY event_id LIMIT $3");
    public static readonly Statement GapBackward =
        new("SELECT anchor FROM backward_extremities WHERE room_id = $1 AND anchor > $2 AND anchor <= $3 ORDER BY anchor DESC LIMIT 1");
    public static readonly Statement GapForward =
        new("SELECT anchor FROM backward_extremities WHERE room_id = $1 AND anchor > $2 AND anchor <= $3 ORDER BY anchor LIMIT 1");
    public static readonly Statement Missing = new("SELECT event_id FROM backward_extremities WHERE event_id = ANY($1) AND room_id = $2");
    public static readonly Statement GapsOf = new("SELECT event_id, anchor FROM backward_extremities WHERE event_id = ANY($1) AND room_id = $2");
    public static readonly Statement At = new($"{Select} room_id = $1 AND anchor = $2 AND minor = 0 AND anchor IS NOT NULL");
    public static readonly Statement AddBackwardExtremity = new("""
        INSERT INTO backward_extremities (room_id, event_id, anchor) VALUES ($1, $2, $3) ON CONFLICT (room_id, event_id)
        DO UPDATE SET anchor = CASE WHEN excluded.anchor < backward_extremities.anchor THEN excluded.anchor ELSE backward_extremities.anchor END
        """);
    public static readonly Statement RemoveBackwardExtremity = new("DELETE FROM backward_extremities WHERE room_id = $1 AND event_id = $2");

    public static readonly Statement AddDetached = new("INSERT INTO islands (room_id, event_id) VALUES ($1, $2) ON CONFLICT (room_id, event_id) DO NOTHING");
    public static readonly Statement RemoveDetached = new("DELETE FROM islands WHERE room_id = $1 AND event_id = $2");
    public static readonly Statement Detached = new("SELECT event_id FROM islands WHERE room_id = $1");
    public static readonly Statement Displace = new("UPDATE events SET anchor = NULL, minor = NULL, status = 1 WHERE event_id = $1");

    public static readonly Statement AddTransaction = new(
        "INSERT INTO transactions (key, event_id, ts) VALUES ($1, $2, $3)", "the transaction id was used before", key: 1);
    public static readonly Statement FindTransaction = new("SELECT event_id FROM transactions WHERE key = $1");
    public static readonly Statement TransactionsAfter = new("SELECT key, ts FROM transactions WHERE key > $1 ORDER BY key LIMIT $2");
    public static readonly Statement DeleteTransaction = new("DELETE FROM transactions WHERE key = $1");

    public static readonly Func<SqlRow, EventRow> Read = static row =>
    {
        HistoryOrder? order = row.IsNull(2) ? null : new HistoryOrder(row.Integer(2), row.Integer(3));
        return new EventRow
        {
            EventId = row.Text(0),
            RoomId = row.Text(1),
            Order = order,
            Position = order is { Minor: 0 } live ? live.Anchor : 0,
            Depth = row.Integer(4),
            OriginServerTs = row.Integer(5),
            Type = row.Text(6),
            StateKey = row.TextOrNull(7),
            Sender = row.Text(8),
            Status = (EventStatus)row.Integer(9),
            StateBefore = row.IsNull(10) ? null : row.Node(10),
            Json = row.Blob(11),
            RedactedBy = row.TextOrNull(12),
            DeviceId = row.TextOrNull(13),
            TransactionId = row.TextOrNull(14),
            RelatesTo = row.TextOrNull(15),
            RelType = row.TextOrNull(16),
            AuthGeneration = row.IsNull(17) ? null : (int)row.Integer(17),
        };
    };
}
