namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Present memberships; the names of remote members also feed the user directory.</summary>
internal sealed class MembershipStore(ISqlDatabase database) : IMembershipStore
{
    private const string Columns = "room_id, user_id, membership, sender, event_id, pos, stripped, forgotten, display_name, avatar_url, room_version, told_by";

    private static readonly Statement Upsert = new($"""
        INSERT INTO memberships ({Columns}, server) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, $12)
        ON CONFLICT (user_id, room_id) DO UPDATE SET membership = excluded.membership, sender = excluded.sender, event_id = excluded.event_id,
            pos = excluded.pos,
        stripped = excluded.stripped, forgotten = 0, display_name = excluded.display_name, avatar_url = excluded.avatar_url,
            room_version = excluded.room_version, told_by = excluded.told_by
        """, key: 2);

    private static readonly Statement SetForgotten = new("UPDATE memberships SET forgotten = 1, pos = $3 WHERE user_id = $2 AND room_id = $1");
    private static readonly Statement SelectOfUser = new($"SELECT {Columns} FROM memberships WHERE user_id = $1");
    private static readonly Statement SelectOne = new($"SELECT {Columns} FROM memberships WHERE user_id = $2 AND room_id = $1");
    private static readonly Statement SelectOfRoom = new($"SELECT {Columns} FROM memberships WHERE room_id = $1");
    private static readonly Statement SelectOfRoomIn = new($"SELECT {Columns} FROM memberships WHERE room_id = $1 AND membership = $2");

    private const string JoinedWith =
        "FROM memberships mine JOIN memberships theirs ON theirs.room_id = mine.room_id AND theirs.membership = 'join' " +
        "WHERE mine.user_id = $1 AND mine.membership = 'join'";
    private static readonly Statement SelectSharing = new($"SELECT DISTINCT theirs.user_id {JoinedWith}");
    private static readonly Statement SelectServersSharing = new($"""
        SELECT theirs.server {JoinedWith} AND theirs.server <> $2 UNION
        SELECT said.server FROM memberships mine JOIN partial_servers said ON said.room_id = mine.room_id WHERE mine.user_id = $1
            AND mine.membership = 'join' AND said.server <> $2
        """);

    private static readonly Statement SelectSharesRoom = new($"SELECT mine.room_id {JoinedWith} AND theirs.server = $2 LIMIT 1");
    private static readonly Statement SelectMutual = new("""
        SELECT mine.room_id FROM memberships mine JOIN memberships theirs ON theirs.room_id = mine.room_id AND theirs.user_id = $2
            AND theirs.membership = 'join'
        WHERE mine.user_id = $1 AND mine.membership = 'join' ORDER BY mine.room_id
        """);

    private static readonly Statement SelectSharingAmong = new("""
        SELECT DISTINCT theirs.user_id FROM memberships theirs JOIN memberships mine ON mine.user_id = $2 AND mine.room_id = theirs.room_id
            AND mine.membership = 'join'
        WHERE theirs.user_id = ANY($1) AND theirs.membership = 'join'
        """);
    private static readonly Statement SelectJoinedRooms = new("SELECT user_id, room_id FROM memberships WHERE user_id = ANY($1) AND membership = 'join'");

    // Of a room whose members are known in part, servers without a known member count as well.
    private static readonly Statement SelectServers = new("""
        SELECT server, count(*) FROM memberships WHERE room_id = $1 AND membership = 'join' GROUP BY server UNION ALL
        SELECT server, 0 FROM partial_servers WHERE room_id = $1 AND NOT EXISTS (
        SELECT 1 FROM memberships joined WHERE joined.room_id = $1 AND joined.membership = 'join' AND joined.server = partial_servers.server)
        ORDER BY 2 DESC, 1
        """);

    private static readonly Statement SelectCounts =
        new("SELECT membership, count(*) FROM memberships WHERE room_id = $1 AND membership IN ('join', 'invite') GROUP BY membership");
    private static readonly Statement SelectFirstPresent = new(
        "SELECT user_id FROM memberships WHERE room_id = $1 AND membership IN ('join', 'invite') AND user_id <> $2 ORDER BY user_id LIMIT $3");
    private static readonly Statement SelectFirstGone = new(
        "SELECT user_id FROM memberships WHERE room_id = $1 AND membership IN ('leave', 'ban') AND user_id <> $2 ORDER BY user_id LIMIT $3");

    public void Put(WriteUnit unit, MembershipRow row, PositionSlot? slot, bool isRemote = false)
    {
        SqlValue position = slot is { } assigned ? assigned : row.Position;
        unit.Add(
            Upsert, row.RoomId, row.UserId, row.Membership, row.Sender, row.EventId, position, row.Stripped, row.DisplayName, row.AvatarUrl,
            row.RoomVersion, row.ToldBy, ServerOf(row.UserId));
        // Local users are listed by their profile, not by the name they use in one room.
        if ((isRemote || slot is null) && row.Membership == "join") UserDirectory.Put(unit, row.UserId, row.DisplayName, row.AvatarUrl);
    }

    public void Forget(WriteUnit unit, string roomId, string userId, PositionSlot slot) => unit.Add(SetForgotten, roomId, userId, slot);

    public ValueTask<IReadOnlyList<MembershipRow>> OfUserAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectOfUser, Read, cancellationToken, userId).AsReadOnly();

    public ValueTask<MembershipRow?> GetAsync(string roomId, string userId, CancellationToken cancellationToken = default) =>
        database.FirstAsync(SelectOne, Read, cancellationToken, roomId, userId);

    public ValueTask<IReadOnlyList<MembershipRow>> OfRoomAsync(string roomId, string? membership, CancellationToken cancellationToken = default) =>
        (membership is null
            ? database.QueryAsync(SelectOfRoom, Read, cancellationToken, roomId)
            : database.QueryAsync(SelectOfRoomIn, Read, cancellationToken, roomId, membership)).AsReadOnly();

    public async ValueTask<(int Joined, int Invited)> CountAsync(string roomId, CancellationToken cancellationToken = default)
    {
        var counts = await database.QueryAsync(SelectCounts, static row => (Membership: row.Text(0), Count: (int)row.Integer(1)), cancellationToken, roomId)
            .ConfigureAwait(false);
        return (counts.FirstOrDefault(static c => c.Membership == "join").Count, counts.FirstOrDefault(static c => c.Membership == "invite").Count);
    }

    public ValueTask<IReadOnlyList<string>> FirstAsync(string roomId, bool gone, string except, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(gone ? SelectFirstGone : SelectFirstPresent, static row => row.Text(0), cancellationToken, roomId, except, limit).AsReadOnly();

    public async ValueTask<IReadOnlySet<string>> SharingRoomAsync(string userId, CancellationToken cancellationToken = default)
    {
        var users = (await database.QueryAsync(SelectSharing, static row => row.Text(0), cancellationToken, userId).ConfigureAwait(false))
            .ToHashSet(StringComparer.Ordinal);
        users.Add(userId);
        return users;
    }

    public ValueTask<IReadOnlyList<string>> SharingAmongAsync(
        string userId, IReadOnlyCollection<string> others, CancellationToken cancellationToken = default) =>
        database.QueryListAsync(SelectSharingAmong, static row => row.Text(0), others, cancellationToken, userId).AsReadOnly();

    public async ValueTask<ILookup<string, string>> JoinedRoomsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default) =>
        (await database.QueryListAsync(SelectJoinedRooms, static row => (UserId: row.Text(0), RoomId: row.Text(1)), userIds, cancellationToken)
            .ConfigureAwait(false)).ToLookup(static row => row.UserId, static row => row.RoomId, StringComparer.Ordinal);

    public ValueTask<IReadOnlyList<string>> MutualRoomsAsync(string userId, string otherUserId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectMutual, static row => row.Text(0), cancellationToken, userId, otherUserId).AsReadOnly();

    public ValueTask<IReadOnlyList<(string Server, int Members)>> ServersAsync(string roomId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectServers, static row => (row.Text(0), (int)row.Integer(1)), cancellationToken, roomId).AsReadOnly();

    public async ValueTask<bool> SharesRoomAsync(string userId, string server, CancellationToken cancellationToken = default) =>
        await database.FirstAsync(SelectSharesRoom, static row => row.Text(0), cancellationToken, userId, server).ConfigureAwait(false) is not null;

    public ValueTask<IReadOnlyList<string>> ServersSharingAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(SelectServersSharing, static row => row.Text(0), cancellationToken, userId, ServerOf(userId)).AsReadOnly();

    private static readonly Func<SqlRow, MembershipRow> Read = static row => new(
        row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Integer(5), row.BlobOrNull(6), row.Flag(7), row.TextOrNull(8), row.TextOrNull(9),
        row.TextOrNull(10), row.TextOrNull(11));

    private static string ServerOf(string userId) => userId[(userId.IndexOf(':', StringComparison.Ordinal) + 1)..];
}
