using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.Protocol.Searching;

namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>
/// The full-text index. Each word stands in it behind the number of its part, a range of documents: so what begins with a word is looked for in one part, and
/// what that costs does not grow with the index. A document's room is a word too.
/// </summary>
internal sealed class SearchStore(ISqlDatabase database, SearchSql sql) : ISearchStore
{
    /// <summary>Bits of a number within a part: 24 for places within gaps, and 16 for positions of the stream.</summary>
    private const int PartBits = 40;

    /// <summary>Rooms in one expression.</summary>
    private const int RoomsAtOnce = 200;

    private const string Incomplete = "s.room_id IS NULL OR s.old_anchor IS NOT NULL OR (s.new_anchor, s.new_minor) < (r.last_position, 0)";

    private const string IsQueued = "EXISTS (SELECT 1 FROM search_queue q WHERE q.room_id = r.room_id)";

    private const string Rooms =
        $"SELECT r.room_id, s.new_anchor, s.new_minor, s.old_anchor, s.old_minor, r.last_position, CASE WHEN {IsQueued} THEN CAST(1 AS bigint) ELSE 0 END " +
        "FROM rooms r LEFT JOIN search_rooms s ON s.room_id = r.room_id WHERE r.room_id";

    private static readonly Statement s_setProgress = new("""
        INSERT INTO search_rooms (room_id, new_anchor, new_minor, old_anchor, old_minor) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (room_id)
        DO UPDATE SET new_anchor = excluded.new_anchor, new_minor = excluded.new_minor, old_anchor = excluded.old_anchor, old_minor = excluded.old_minor
        """);

    private static readonly Statement s_enqueue = new("""
        INSERT INTO search_queue (room_id, event_id) SELECT room_id, event_id FROM events WHERE event_id = $1 AND anchor IS NOT NULL AND status = 0
        AND type IN ('m.room.message', 'm.room.name', 'm.room.topic') ON CONFLICT (room_id, event_id) DO NOTHING
        """);

    private static readonly Statement s_dequeue = new("DELETE FROM search_queue WHERE room_id = $1 AND event_id = $2");
    private static readonly Statement s_queued = new("SELECT event_id FROM search_queue WHERE room_id = $1 ORDER BY event_id LIMIT $2");
    private static readonly Statement s_rooms = new($"{Rooms} = ANY($1)");
    private static readonly Statement s_incompleteAfter = new($"{Rooms} > $1 AND ({Incomplete} OR {IsQueued}) ORDER BY r.room_id LIMIT $2");
    private static readonly Statement s_at = new("SELECT event_id FROM search_documents WHERE doc = $1");
    private static readonly Statement s_newest = new("SELECT doc FROM search_documents WHERE doc <= $1 ORDER BY doc DESC LIMIT 1");

    public void Add(WriteUnit unit, SearchDocument document, string roomId, HistoryOrder place, IReadOnlyCollection<string> words)
    {
        var part = PartOf(document.Number);
        sql.Add(unit, document, place, [.. words.Select(word => Word(part, word)), Room(part, roomId)]);
    }

    public async ValueTask SortInAsync(CancellationToken cancellationToken = default)
    {
        if (sql.SortIn is { } statement) await database.QueryAsync(statement, static row => row.Integer(0), cancellationToken).ConfigureAwait(false);
    }

    public void SetProgress(WriteUnit unit, string roomId, HistoryOrder newest, HistoryOrder? oldest) =>
        unit.Add(s_setProgress, roomId, newest.Anchor, newest.Minor, oldest?.Anchor, oldest?.Minor);

    /// <summary>Has the event looked at: it may have come to a place that the index has passed.</summary>
    public static void Enqueue(WriteUnit unit, string eventId) => unit.Add(s_enqueue, eventId);

    public void Dequeue(WriteUnit unit, string roomId, string eventId) => unit.Add(s_dequeue, roomId, eventId);

    public ValueTask<IReadOnlyList<SearchProgress>> IncompleteAfterAsync(string roomId, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(s_incompleteAfter, ReadProgress, cancellationToken, roomId, limit).AsReadOnly();

    public ValueTask<IReadOnlyList<SearchProgress>> RoomsAsync(IReadOnlyCollection<string> roomIds, CancellationToken cancellationToken = default) =>
        database.QueryListAsync(s_rooms, ReadProgress, roomIds, cancellationToken).AsReadOnly();

    public ValueTask<IReadOnlyList<string>> QueuedAsync(string roomId, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(s_queued, static row => row.Text(0), cancellationToken, roomId, limit).AsReadOnly();

    public ValueTask<string?> AtAsync(long number, CancellationToken cancellationToken = default) =>
        database.FirstAsync(s_at, static row => row.Text(0), cancellationToken, number);

    public async ValueTask<long?> NewestAsync(long upTo, CancellationToken cancellationToken = default) =>
        await database.QueryAsync(s_newest, static row => row.Integer(0), cancellationToken, upTo).ConfigureAwait(false) is [var newest] ? newest : null;

    public async ValueTask<(IReadOnlyList<SearchDocument> Found, long DownTo)> FindAsync(
        IReadOnlyCollection<SearchWord> words, IReadOnlyCollection<string> roomIds, long upTo, int limit, CancellationToken cancellationToken = default)
    {
        var part = PartOf(upTo);
        var inPart = words.Select(word => word with { Text = Word(part, word.Text) }).ToList();
        var sets = roomIds.Chunk(RoomsAtOnce)
            .Select(rooms => new SqlValue[] { sql.Expression(inPart, rooms.Select(roomId => Room(part, roomId))), upTo, limit }).ToList();
        var found = await database.QueryEachAsync(sql.Find, ReadDocument, sets, cancellationToken).ConfigureAwait(false);
        // Of several sets, each gave its newest: the newest of them all are among these.
        var newest = found.OrderByDescending(static document => document.Number).Take(limit).ToList();
        return (newest, newest.Count == limit ? newest[^1].Number : part << PartBits);
    }

    private static long PartOf(long number) => number >> PartBits;

    // What stands between the two is no letter and not ASCII, so that no word of a text reads as a room, and none has a part that begins as another's.
    private static string Word(long part, string word) => $"{Part(part)}\u00b7{word}";

    private static string Room(long part, string roomId) =>
        $"{Part(part)}\u2021{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(roomId)).AsSpan(0, 8))}";

    /// <summary>Parts before the beginning of the stream have numbers below 0, and here the sixteen digits of their complement.</summary>
    private static string Part(long part) => part.ToString("x", CultureInfo.InvariantCulture);

    private static SearchDocument ReadDocument(SqlRow row) => new(row.Integer(0), row.Text(1), (int)row.Integer(2));

    private static SearchProgress ReadProgress(SqlRow row) =>
        new(row.Text(0), ReadOrder(row, 1), ReadOrder(row, 3), row.Integer(5), row.Flag(6));

    private static HistoryOrder? ReadOrder(SqlRow row, int column) =>
        row.IsNull(column) ? null : new HistoryOrder(row.Integer(column), row.Integer(column + 1));
}
