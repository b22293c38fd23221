namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Events that wait to be judged.</summary>
internal sealed class StagedPduStore(ISqlDatabase database) : IStagedPduStore
{
    private static readonly Statement Insert = new(
        "INSERT INTO staged_pdus (room_id, event_id, origin, json, received_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (room_id, event_id) DO NOTHING");

    private static readonly Statement DeleteOne = new("DELETE FROM staged_pdus WHERE room_id = $1 AND event_id = $2");
    private static readonly Statement DeleteOfRoom = new("DELETE FROM staged_pdus WHERE room_id = $1");
    private static readonly Statement SelectOfRoom = new(
        "SELECT room_id, event_id, origin, json, received_at FROM staged_pdus WHERE room_id = $1 ORDER BY received_at, event_id");

    private static readonly Statement SelectCount = new("SELECT count(*) FROM staged_pdus WHERE origin = $1");
    private static readonly Statement SelectRooms = new("SELECT DISTINCT room_id FROM staged_pdus ORDER BY room_id");
    private static readonly Statement SelectRoomsWith = new("""
        SELECT room_id FROM (SELECT DISTINCT room_id FROM staged_pdus) AS staged WHERE
        EXISTS (SELECT 1 FROM memberships WHERE memberships.room_id = staged.room_id AND membership = 'join' AND server = $1) OR
        EXISTS (SELECT 1 FROM partial_servers WHERE partial_servers.room_id = staged.room_id AND server = $1)
        ORDER BY room_id
        """);

    public void Put(WriteUnit unit, StagedPduRow row) => unit.Add(Insert, row.RoomId, row.EventId, row.Origin, row.Json, row.ReceivedAt);

    public void Delete(WriteUnit unit, string roomId, string eventId) => unit.Add(DeleteOne, roomId, eventId);

    public void DeleteRoom(WriteUnit unit, string roomId) => unit.Add(DeleteOfRoom, roomId);

    public ValueTask<IReadOnlyList<StagedPduRow>> OfRoomAsync(string roomId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectOfRoom, static row =>
            new StagedPduRow(row.Text(0), row.Text(1), row.Text(2), row.Blob(3), row.Integer(4)), cancellationToken, roomId).AsReadOnly();

    public async ValueTask<int> CountAsync(string origin, CancellationToken cancellationToken = default) =>
        (int)(await database.QueryAsync(SelectCount, static row => row.Integer(0), cancellationToken, origin).ConfigureAwait(false))[0];

    public ValueTask<IReadOnlyList<string>> RoomsAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectRooms, static row => row.Text(0), cancellationToken).AsReadOnly();

    public ValueTask<IReadOnlyList<string>> RoomsWithAsync(string server, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectRoomsWith, static row => row.Text(0), cancellationToken, server).AsReadOnly();
}
