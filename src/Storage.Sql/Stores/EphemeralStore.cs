using System.Buffers;
using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Typing and presence: the newest state of each room and user.</summary>
internal sealed class EphemeralStore(ISqlDatabase database) : IEphemeralStore
{
    private static readonly Statement UpsertTyping = new(
        "INSERT INTO typing (room_id, users, pos) VALUES ($1, $2, $3) ON CONFLICT (room_id) DO UPDATE SET users = excluded.users, pos = excluded.pos");

    private static readonly Statement TypingChanged = new("SELECT room_id, users, pos FROM typing WHERE room_id = ANY($1) AND pos > $2 AND pos <= $3");

    private static readonly Statement UpsertPresence = new("""
        INSERT INTO presence (user_id, presence, status_msg, last_active_at, currently_active, pos) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id) DO UPDATE SET presence = excluded.presence, status_msg = excluded.status_msg, last_active_at = excluded.last_active_at,
        currently_active = excluded.currently_active, pos = excluded.pos
        """);

    private const string SelectPresence = "SELECT user_id, presence, status_msg, last_active_at, currently_active, pos FROM presence WHERE";
    private static readonly Statement PresenceOf = new($"{SelectPresence} user_id = ANY($1)");
    private static readonly Statement PresenceChanged = new($"{SelectPresence} pos > $1 AND pos <= $2 ORDER BY pos");

    private static readonly Statement Shown = new("SELECT user_id FROM presence WHERE presence <> 'offline' AND user_id > $1 ORDER BY user_id LIMIT $2");

    private static readonly Statement Present = new("""
        SELECT presence.user_id FROM memberships members JOIN presence ON presence.user_id = members.user_id AND presence.presence <> 'offline'
        WHERE members.room_id = $1 AND members.membership = 'join' AND members.server = $2 ORDER BY presence.last_active_at DESC LIMIT $3
        """);

    private static readonly Func<SqlRow, PresenceRow> ReadPresence = static row => new(
        row.Text(0), row.Text(1), row.TextOrNull(2), row.Integer(3), row.Flag(4), row.Integer(5));

    public void PutTyping(WriteUnit unit, TypingRow row, PositionSlot slot) => unit.Add(UpsertTyping, row.RoomId, WriteUsers(row.Users), slot);

    public ValueTask<IReadOnlyList<TypingRow>> TypingChangedAsync(
        IReadOnlyCollection<string> roomIds, long after, long upTo, CancellationToken cancellationToken = default) =>
        database.QueryListAsync(
            TypingChanged, static row => new TypingRow(row.Text(0), ReadUsers(row.Blob(1)), row.Integer(2)), roomIds, cancellationToken, after, upTo)
            .AsReadOnly();

    public void PutPresence(WriteUnit unit, PresenceRow row, PositionSlot slot) =>
        unit.Add(UpsertPresence, row.UserId, row.Presence, row.StatusMessage, row.LastActiveAt, row.CurrentlyActive, slot);

    public ValueTask<IReadOnlyList<PresenceRow>> PresenceAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default) =>
        database.QueryListAsync(PresenceOf, ReadPresence, userIds, cancellationToken).AsReadOnly();

    public ValueTask<IReadOnlyList<string>> PresentAsync(string roomId, string server, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(Present, static row => row.Text(0), cancellationToken, roomId, server, limit).AsReadOnly();

    public ValueTask<IReadOnlyList<string>> ShownAsync(string afterUserId, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(Shown, static row => row.Text(0), cancellationToken, afterUserId, limit).AsReadOnly();

    public ValueTask<IReadOnlyList<PresenceRow>> PresenceChangedAsync(long after, long upTo, CancellationToken cancellationToken = default) =>
        database.QueryAsync(PresenceChanged, ReadPresence, cancellationToken, after, upTo).AsReadOnly();

    private static ReadOnlyMemory<byte> WriteUsers(IReadOnlyDictionary<string, long> users)
    {
        var buffer = new ArrayBufferWriter<byte>(64);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        foreach (var (userId, endsAt) in users) writer.WriteNumber(userId, endsAt);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static Dictionary<string, long> ReadUsers(byte[] json)
    {
        // Of a damaged row nobody is typing.
        if (json is not [(byte)'{', ..] || !JsonText.IsReadable(json))
            return [];
        using var document = JsonText.Parse(json);
        return document.RootElement.EnumerateObject().ToDictionary(static user => user.Name, static user => user.Value.GetInt64(), StringComparer.Ordinal);
    }
}
