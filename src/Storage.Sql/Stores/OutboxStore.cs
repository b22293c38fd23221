namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>What waits for remote servers.</summary>
internal sealed class OutboxStore(ISqlDatabase database) : IOutboxStore
{
    private static readonly Statement Insert = new("INSERT INTO outbox (destination, pos, event_id, edu, kind, topic) VALUES ($1, $2, $3, $4, $5, $6)", key: 2);
    private static readonly Statement InsertForMany = new("""
        INSERT INTO outbox (destination, pos, event_id, edu, kind, topic)
        SELECT value, CAST($2 AS bigint), $3, $4, CAST($5 AS bigint), $6 FROM unnest($1) value
        """);

    private static readonly Statement InsertMessage = new("""
        INSERT INTO outbox (destination, pos, event_id, edu, kind, topic)
        SELECT value, CAST($2 AS bigint), $3, NULL, CAST($4 AS bigint), $5 FROM unnest($1) value
        WHERE NOT EXISTS (SELECT 1 FROM outbox_rooms WHERE outbox_rooms.destination = value AND outbox_rooms.room_id = $5)
        """);

    private static readonly Statement UpsertNewest = new("""
        INSERT INTO outbox_newest (room_id, event_id, pos) VALUES ($1, $2, $3)
        ON CONFLICT (room_id) DO UPDATE SET event_id = excluded.event_id, pos = excluded.pos
        """);

    // Of fewer a row each is as quick, and rows of several units can be joined.
    private const int Many = 5;

    private static readonly Statement InsertForNeighbours = new("""
        INSERT INTO outbox (destination, pos, event_id, edu, kind, topic)
        SELECT theirs.server, CAST($2 AS bigint), NULL, $3, CAST($4 AS bigint), $5
            FROM memberships mine JOIN memberships theirs ON theirs.room_id = mine.room_id AND theirs.membership = 'join'
        WHERE mine.user_id = $1 AND mine.membership = 'join' AND theirs.server <> $6 GROUP BY theirs.server RETURNING destination
        """);

    private static readonly Statement SelectQueued =
        new("SELECT destination, pos, kind, topic, event_id, edu FROM outbox WHERE destination = $1 AND pos > $2 ORDER BY pos LIMIT $3");
    private static readonly Statement DeleteQueued = new("DELETE FROM outbox WHERE destination = $1 AND pos <= $2");
    private static readonly Statement SelectDestinations =
        new("SELECT DISTINCT destination FROM outbox UNION SELECT DISTINCT destination FROM outbox_rooms ORDER BY 1");
    private static readonly Statement CountQueued = new("SELECT kind, count(*) FROM outbox WHERE destination = $1 GROUP BY kind");

    // A server that has left the room since gets what was for it, which the newest event need not be.
    private static readonly Statement SelectRooms = new("""
        SELECT rooms.room_id, COALESCE(newest.event_id, rooms.event_id), COALESCE(newest.pos, rooms.pos) FROM outbox_rooms rooms
        LEFT JOIN outbox_newest newest ON newest.room_id = rooms.room_id AND newest.pos > rooms.pos AND EXISTS (SELECT 1 FROM memberships
            WHERE memberships.room_id = rooms.room_id AND memberships.server = rooms.destination AND memberships.membership = 'join')
        WHERE rooms.destination = $1 ORDER BY 3 DESC LIMIT $2
        """);

    // Takes turns with who makes another event the newest, which counts on the row that is deleted next.
    private static readonly Statement LockNewest = new("UPDATE outbox_newest SET pos = pos WHERE room_id = $1");

    private static readonly Statement DeleteRoom = new("""
        DELETE FROM outbox_rooms WHERE destination = $1 AND room_id = $2 AND pos <= $3 AND NOT EXISTS (SELECT 1 FROM outbox_newest newest
            WHERE newest.room_id = $2 AND newest.pos > $3 AND EXISTS (SELECT 1 FROM memberships
            WHERE memberships.room_id = $2 AND memberships.server = $1 AND memberships.membership = 'join'))
        """);

    private static readonly Statement[] Compacting =
    [
        new("""
            INSERT INTO outbox_rooms (destination, room_id, event_id, pos)
            SELECT destination, topic, event_id, pos FROM outbox WHERE destination = $1 AND pos IN
            (SELECT max(pos) FROM outbox WHERE destination = $1 AND pos <= $2 AND kind = 0 AND event_id IS NOT NULL GROUP BY topic)
            ON CONFLICT (destination, room_id) DO UPDATE SET event_id = excluded.event_id, pos = excluded.pos
            """),
        new("DELETE FROM outbox WHERE destination = $1 AND pos <= $2 AND kind IN (0, 1, 2)"),
        new("DELETE FROM device_lists_told WHERE destination = $1 AND user_id IN (SELECT topic FROM outbox WHERE destination = $1 AND pos <= $2 AND kind = 4)"),
        new("""
            DELETE FROM outbox WHERE destination = $1 AND pos <= $2 AND kind IN (4, 5, 6) AND pos NOT IN
            (SELECT max(pos) FROM outbox WHERE destination = $1 AND pos <= $2 AND kind IN (4, 5, 6) GROUP BY kind, topic)
            """),
    ];

    private static readonly Statement CompactToDevice = new(
        "DELETE FROM outbox WHERE destination = $1 AND kind = 3 AND pos <= " +
        "(SELECT pos FROM outbox WHERE destination = $1 AND kind = 3 ORDER BY pos DESC LIMIT 1 OFFSET $2)");

    private static readonly Statement DeleteAllQueued = new("DELETE FROM outbox WHERE destination = $1");
    private static readonly Statement DeleteAllRooms = new("DELETE FROM outbox_rooms WHERE destination = $1");

    private volatile Action<IReadOnlyCollection<string>>? _queued;

    public void OnQueued(Action<IReadOnlyCollection<string>> listener) => _queued += listener;

    /// <summary>Tells the listeners of a commit.</summary>
    public void Announce(WriteUnit unit)
    {
        var neighbours = unit.Writes.OfType<SqlReturning<string>>().Where(static write => write.Statement == InsertForNeighbours)
            .SelectMany(static write => write.Rows);
        string[] destinations = [.. unit.Destinations.Union(neighbours, StringComparer.Ordinal)];
        if (destinations.Length > 0) _queued?.Invoke(destinations);
    }

    public void Enqueue(WriteUnit unit, IReadOnlyCollection<string> destinations, OutboxItem item, PositionSlot slot)
    {
        unit.AddDestinations(destinations);
        if (destinations.Count >= Many)
        {
            unit.Add(InsertForMany, SqlValue.List(destinations), slot, item.EventId, item.Body, (long)item.Kind, item.Topic);
            return;
        }

        foreach (var destination in destinations) unit.Add(Insert, destination, slot, item.EventId, item.Body, (long)item.Kind, item.Topic);
    }

    public void EnqueueMessage(WriteUnit unit, IReadOnlyCollection<string> destinations, string roomId, string eventId, PositionSlot slot)
    {
        if (destinations.Count < Many)
        {
            Enqueue(unit, destinations, new OutboxItem(OutboxKind.Pdu, roomId, eventId), slot);
            return;
        }

        unit.AddDestinations(destinations);
        unit.Add(UpsertNewest, roomId, eventId, slot);
        unit.Add(InsertMessage, SqlValue.List(destinations), slot, eventId, (long)OutboxKind.Pdu, roomId);
    }

    public void EnqueueForNeighbours(WriteUnit unit, string userId, OutboxItem item, PositionSlot slot)
    {
        unit.AddDestinations([]);
        unit.Add(new SqlReturning<string>(
            InsertForNeighbours, static row =>
            row.Text(0), [userId, slot, item.Body, (long)item.Kind, item.Topic, userId[(userId.IndexOf(':', StringComparison.Ordinal) + 1)..]]));
    }

    public ValueTask<IReadOnlyList<OutboxRow>> QueuedAsync(string destination, long after, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            SelectQueued,
            static row => new OutboxRow(
            row.Text(0), row.Integer(1), new OutboxItem((OutboxKind)row.Integer(2), row.Text(3), row.TextOrNull(4), row.BlobOrNull(5))),
            cancellationToken, destination, after, limit).AsReadOnly();

    public void Dequeue(WriteUnit unit, string destination, long upToPosition) => unit.Add(DeleteQueued, destination, upToPosition);

    public ValueTask<IReadOnlyList<string>> DestinationsWithQueueAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectDestinations, static row => row.Text(0), cancellationToken).AsReadOnly();

    public async ValueTask<(long Others, long ToDevice)> QueueLengthAsync(string destination, CancellationToken cancellationToken = default)
    {
        var counts = await database.QueryAsync(
            CountQueued, static row => (Kind: (OutboxKind)row.Integer(0), Count: row.Integer(1)), cancellationToken, destination).ConfigureAwait(false);
        return (counts.Where(static c => c.Kind != OutboxKind.ToDevice).Sum(static c => c.Count),
            counts.Where(static c => c.Kind == OutboxKind.ToDevice).Sum(static c => c.Count));
    }

    public void Compact(WriteUnit unit, string destination, long upToPosition, long maxToDevice)
    {
        foreach (var statement in Compacting) unit.Add(statement, destination, upToPosition);
        unit.Add(CompactToDevice, destination, maxToDevice);
    }

    public ValueTask<IReadOnlyList<UnsentRoom>> UnsentRoomsAsync(string destination, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectRooms, static row => new UnsentRoom(row.Text(0), row.Text(1), row.Integer(2)), cancellationToken, destination, limit)
            .AsReadOnly();

    public void ForgetUnsentRoom(WriteUnit unit, string destination, UnsentRoom room)
    {
        unit.Add(LockNewest, room.RoomId);
        unit.Add(DeleteRoom, destination, room.RoomId, room.Position);
    }

    public void Discard(WriteUnit unit, string destination)
    {
        unit.Add(DeleteAllQueued, destination);
        unit.Add(DeleteAllRooms, destination);
    }
}
