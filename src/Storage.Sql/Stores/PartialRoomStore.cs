namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Rooms of which the state is known in part, and until when it was.</summary>
internal sealed class PartialRoomStore(ISqlDatabase database) : IPartialRoomStore
{
    private static readonly Statement SelectJoin = new("SELECT join_event_id, origin FROM partial_rooms WHERE room_id = $1 AND filled_at IS NULL");
    private static readonly Statement SelectServers = new("SELECT server FROM partial_servers WHERE room_id = $1 ORDER BY server");
    private static readonly Statement SelectEvents = new("SELECT event_id FROM partial_events WHERE room_id = $1 ORDER BY idx");
    private static readonly Statement SelectAll = new("SELECT room_id FROM partial_rooms WHERE filled_at IS NULL ORDER BY room_id");
    private static readonly Statement SelectEnds = new("SELECT room_id, filled_at FROM partial_rooms WHERE room_id = ANY($1)");
    private static readonly Statement Insert = new("""
        INSERT INTO partial_rooms (room_id, join_event_id, origin) VALUES ($1, $2, $3)
        ON CONFLICT (room_id) DO UPDATE SET join_event_id = excluded.join_event_id, origin = excluded.origin, filled_at = NULL
        """);

    private static readonly Statement InsertServer =
        new("INSERT INTO partial_servers (room_id, server) VALUES ($1, $2) ON CONFLICT (room_id, server) DO NOTHING");
    private static readonly Statement InsertEvent = new("INSERT INTO partial_events (room_id, idx, event_id) VALUES ($1, $2, $3)");
    private static readonly Statement SetFilled = new("UPDATE partial_rooms SET filled_at = $2 WHERE room_id = $1");
    private static readonly Statement DeleteServers = new("DELETE FROM partial_servers WHERE room_id = $1");
    private static readonly Statement DeleteEvents = new("DELETE FROM partial_events WHERE room_id = $1");

    public async ValueTask<PartialRoomRow?> GetAsync(string roomId, CancellationToken cancellationToken = default)
    {
        var joins = await database.QueryAsync(SelectJoin, static row => (EventId: row.Text(0), Origin: row.Text(1)), cancellationToken, roomId)
            .ConfigureAwait(false);
        if (joins.Count == 0) return null;
        var servers = await database.QueryAsync(SelectServers, static row => row.Text(0), cancellationToken, roomId).ConfigureAwait(false);
        var events = await database.QueryAsync(SelectEvents, static row => row.Text(0), cancellationToken, roomId).ConfigureAwait(false);
        return new PartialRoomRow(roomId, joins[0].EventId, joins[0].Origin, servers, events);
    }

    public ValueTask<IReadOnlyList<string>> AllAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectAll, static row => row.Text(0), cancellationToken).AsReadOnly();

    public void Begin(WriteUnit unit, string roomId, string joinEventId, string origin, IReadOnlyCollection<string> servers)
    {
        unit.Add(DeleteServers, roomId);
        unit.Add(DeleteEvents, roomId);
        unit.Add(Insert, roomId, joinEventId, origin);
        foreach (var server in servers) unit.Add(InsertServer, roomId, server);
    }

    public void AddEvent(WriteUnit unit, string roomId, string eventId, int index) => unit.Add(InsertEvent, roomId, index, eventId);

    public void End(WriteUnit unit, string roomId, PositionSlot slot)
    {
        unit.Add(DeleteServers, roomId);
        unit.Add(DeleteEvents, roomId);
        unit.Add(SetFilled, roomId, slot);
    }

    public async ValueTask<IReadOnlyDictionary<string, long>> EndsAsync(
        IReadOnlyCollection<string> roomIds, CancellationToken cancellationToken = default) =>
        (await database.QueryListAsync(SelectEnds, static row => (RoomId: row.Text(0), At: row.IntegerOrNull(1)), roomIds, cancellationToken)
            .ConfigureAwait(false)).ToDictionary(static row => row.RoomId, static row => row.At ?? long.MaxValue, StringComparer.Ordinal);
}
