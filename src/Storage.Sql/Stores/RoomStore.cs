using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Rooms, their summaries and the public room list.</summary>
internal sealed class RoomStore(ISqlDatabase database) : IRoomStore
{
    private static readonly Statement Select = new("SELECT room_id, version, state, extremities, depth, last_position FROM rooms WHERE room_id = $1");

    private static readonly Statement Upsert = new("""
        INSERT INTO rooms (room_id, version, state, extremities, depth, last_position) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (room_id) DO UPDATE SET version = excluded.version, state = excluded.state, extremities = excluded.extremities, depth = excluded.depth,
        last_position = excluded.last_position
        """, key: 1);

    private static readonly Statement UpsertKeepingPosition = new("""
        INSERT INTO rooms (room_id, version, state, extremities, depth, last_position) VALUES ($1, $2, $3, $4, $5, 0)
        ON CONFLICT (room_id) DO UPDATE SET version = excluded.version, state = excluded.state, extremities = excluded.extremities, depth = excluded.depth
        """);

    private static readonly Statement ChangedSince = new("SELECT room_id FROM rooms WHERE room_id = ANY($1) AND last_position > $2");

    private const string SummaryColumns =
        "room_id, name, topic, avatar_url, canonical_alias, room_type, join_rule, world_readable, guest_can_join, encrypted, joined_members";

    private static readonly Statement UpsertSummary = new($"""
        INSERT INTO room_summaries ({SummaryColumns}, search_text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (room_id) DO UPDATE SET name = excluded.name, topic = excluded.topic, avatar_url = excluded.avatar_url,
            canonical_alias = excluded.canonical_alias,
        room_type = excluded.room_type, join_rule = excluded.join_rule, world_readable = excluded.world_readable, guest_can_join = excluded.guest_can_join,
        encrypted = excluded.encrypted, joined_members = excluded.joined_members, search_text = excluded.search_text
        """);

    private static readonly Statement SelectSummary = new($"SELECT {SummaryColumns} FROM room_summaries WHERE room_id = $1");
    private static readonly Statement AddPublic = new("INSERT INTO public_rooms (room_id, network) VALUES ($1, $2) ON CONFLICT (room_id, network) DO NOTHING");
    private static readonly Statement RemovePublic = new("DELETE FROM public_rooms WHERE room_id = $1 AND network = $2");
    private static readonly Statement SelectPublic = new("SELECT 1 FROM public_rooms WHERE room_id = $1 AND network = ''");

    // $1 search pattern, $2 network (null: any), $3 filter by type?, $4 types, $5 rooms without a type too?
    private const string FromPublic = """
        FROM room_summaries WHERE room_id IN (SELECT room_id FROM public_rooms WHERE $2 IS NULL OR network = $2)
            AND ($1 IS NULL OR search_text LIKE $1 ESCAPE '\')
        AND ($3 = 0 OR room_type = ANY($4) OR ($5 = 1 AND room_type IS NULL))
        """;

    private static readonly Statement CountPublic = new($"SELECT count(*) {FromPublic}");
    private static readonly Statement ListPublic = new($"SELECT {SummaryColumns} {FromPublic} ORDER BY joined_members DESC, room_id LIMIT $6 OFFSET $7");

    public ValueTask<RoomRow?> GetAsync(string roomId, CancellationToken cancellationToken = default) =>
        database.FirstAsync(
            Select, static row => new RoomRow(row.Text(0), row.Text(1), row.Node(2), ReadList(row.Blob(3)), row.Integer(4), row.Integer(5)), cancellationToken,
            roomId);

    public void Put(WriteUnit unit, RoomRow row, PositionSlot? last)
    {
        SqlValue extremities = WriteList(row.Extremities);
        if (last is { } slot) unit.Add(Upsert, row.RoomId, row.Version, row.State, extremities, row.Depth, slot);
        else unit.Add(UpsertKeepingPosition, row.RoomId, row.Version, row.State, extremities, row.Depth);
    }

    public void PutSummary(WriteUnit unit, RoomSummaryRow row) =>
        unit.Add(
            UpsertSummary, row.RoomId, row.Name, row.Topic, row.AvatarUrl, row.CanonicalAlias, row.RoomType, row.JoinRule, row.WorldReadable, row.GuestCanJoin,
            row.Encrypted,
            row.JoinedMembers, $"{row.Name}\n{row.Topic}\n{row.CanonicalAlias}".ToLowerInvariant());

    public ValueTask<RoomSummaryRow?> GetSummaryAsync(string roomId, CancellationToken cancellationToken = default) =>
        database.FirstAsync(SelectSummary, ReadSummary, cancellationToken, roomId);

    public void SetPublic(WriteUnit unit, string roomId, string network, bool isPublic) =>
        unit.Add(isPublic ? AddPublic : RemovePublic, roomId, SqlText.Key(network));

    public async ValueTask<bool> IsPublicAsync(string roomId, CancellationToken cancellationToken = default) =>
        (await database.QueryAsync(SelectPublic, static row => true, cancellationToken, roomId).ConfigureAwait(false)).Count > 0;

    public async ValueTask<PublicRoomsPage> ListPublicAsync(
        string? search, IReadOnlyList<string?>? roomTypes, string? network, int offset, int limit, CancellationToken cancellationToken = default)
    {
        SqlValue pattern = search is null ? null : SqlText.ContainsPattern(search);
        SqlValue networkKey = network is null ? null : SqlText.Key(network);
        SqlValue byType = roomTypes is not null;
        var types = SqlValue.List(roomTypes?.OfType<string>().ToArray() ?? []);
        SqlValue withoutType = roomTypes?.Contains(null) == true;
        var total = await database.QueryAsync(
            CountPublic, static row => (int)row.Integer(0), cancellationToken, pattern, networkKey, byType, types, withoutType).ConfigureAwait(false);
        var page = await database.QueryAsync(ListPublic, ReadSummary, cancellationToken, pattern, networkKey, byType, types, withoutType, limit, offset)
            .ConfigureAwait(false);
        return new PublicRoomsPage(page, total[0]);
    }

    public ValueTask<IReadOnlyList<string>> ChangedSinceAsync(
        IReadOnlyCollection<string> roomIds, long position, CancellationToken cancellationToken = default) =>
        database.QueryListAsync(ChangedSince, static row => row.Text(0), roomIds, cancellationToken, position).AsReadOnly();

    private static readonly Func<SqlRow, RoomSummaryRow> ReadSummary = static row => new(
        row.Text(0), row.TextOrNull(1), row.TextOrNull(2), row.TextOrNull(3), row.TextOrNull(4), row.TextOrNull(5), row.Text(6), row.Flag(7), row.Flag(8),
        row.Flag(9), (int)row.Integer(10));

    private static ReadOnlyMemory<byte> WriteList(IReadOnlyList<string> values)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(64);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartArray();
        foreach (var value in values) writer.WriteStringValue(value);
        writer.WriteEndArray();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    // A damaged list is an empty one, so that the room can be read; who needs it finds another.
    private static string[] ReadList(byte[] json)
    {
        if (json is not [(byte)'[', ..] || !JsonText.IsReadable(json))
            return [];
        using var document = JsonText.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(static value => value.GetString()!)];
    }
}
