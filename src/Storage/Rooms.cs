namespace OrleansMatrix.Storage;

/// <summary>A room as its grain left it after its last commit.</summary>
/// <param name="RoomId">Room id.</param>
/// <param name="Version">Room version, e.g. "12".</param>
/// <param name="State">Root of the current state.</param>
/// <param name="Extremities">Event ids of the forward extremities.</param>
/// <param name="Depth">Highest depth among the extremities.</param>
/// <param name="LastPosition">Position of the newest live event; 0 before the first.</param>
public sealed record RoomRow(string RoomId, string Version, StateNodeId State, IReadOnlyList<string> Extremities, long Depth, long LastPosition);

/// <summary>What room lists show of a room; kept up to date by the room's own commits.</summary>
public sealed record RoomSummaryRow(
    string RoomId, string? Name, string? Topic, string? AvatarUrl, string? CanonicalAlias, string? RoomType, string JoinRule,
    bool WorldReadable, bool GuestCanJoin, bool Encrypted, int JoinedMembers);

/// <summary>A page of the public room list, most joined members first.</summary>
public sealed record PublicRoomsPage(IReadOnlyList<RoomSummaryRow> Rooms, int Total);

public interface IRoomStore
{
    ValueTask<RoomRow?> GetAsync(string roomId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Inserts or replaces the room's row. <paramref name="last"/> is the slot of the newest live event of this unit; null leaves LastPosition as it is.
    /// </summary>
    void Put(WriteUnit unit, RoomRow row, PositionSlot? last);

    void PutSummary(WriteUnit unit, RoomSummaryRow row);
    ValueTask<RoomSummaryRow?> GetSummaryAsync(string roomId, CancellationToken cancellationToken = default);

    /// <summary>Shows or hides the room in the public room list; <paramref name="network"/> is empty or an application service's network id.</summary>
    void SetPublic(WriteUnit unit, string roomId, string network, bool isPublic);
    ValueTask<bool> IsPublicAsync(string roomId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Public rooms by descending member count, then room id; <paramref name="search"/> matches name, topic or alias, ignoring case; room types: null element
    /// means "no type".
    /// </summary>
    ValueTask<PublicRoomsPage> ListPublicAsync(
        string? search, IReadOnlyList<string?>? roomTypes, string? network, int offset, int limit, CancellationToken cancellationToken = default);

    /// <summary>Among <paramref name="roomIds"/>, those with a live event after <paramref name="position"/>.</summary>
    ValueTask<IReadOnlyList<string>> ChangedSinceAsync(IReadOnlyCollection<string> roomIds, long position, CancellationToken cancellationToken = default);
}
