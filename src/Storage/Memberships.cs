namespace OrleansMatrix.Storage;

/// <summary>
/// A user's present membership of a room, as the room's current state has it, or, for rooms this server is not in, as the invite, knock or its retraction left
/// it.
/// </summary>
/// <param name="Position">Position of the change.</param>
/// <param name="Stripped">For invites and knocks: the stripped state as a JSON array; else null.</param>
/// <param name="Forgotten">The user asked to forget the room after leaving.</param>
/// <param name="RoomVersion">For an invite or knock of a room that this server is not in: the room's version; else null.</param>
/// <param name="ToldBy">For the same: the server that invites, or that took the knock; else null.</param>
public sealed record MembershipRow(
    string RoomId, string UserId, string Membership, string Sender, string EventId, long Position, ReadOnlyMemory<byte>? Stripped, bool Forgotten,
    string? DisplayName, string? AvatarUrl, string? RoomVersion = null, string? ToldBy = null);

public interface IMembershipStore
{
    /// <summary>Inserts or replaces; clears Forgotten.</summary>
    /// <param name="slot">For local users one of kind Membership; for others that of the event, or null if it has no place in the stream: then the row's own
    /// position counts.</param>
    /// <param name="isRemote">A user of another server, who is found in the directory by the name in the row; without a slot always.</param>
    void Put(WriteUnit unit, MembershipRow row, PositionSlot? slot, bool isRemote = false);
    void Forget(WriteUnit unit, string roomId, string userId, PositionSlot slot);

    ValueTask<IReadOnlyList<MembershipRow>> OfUserAsync(string userId, CancellationToken cancellationToken = default);
    ValueTask<MembershipRow?> GetAsync(string roomId, string userId, CancellationToken cancellationToken = default);
    /// <summary>Members of a room; null <paramref name="membership"/>: all.</summary>
    ValueTask<IReadOnlyList<MembershipRow>> OfRoomAsync(string roomId, string? membership, CancellationToken cancellationToken = default);
    /// <summary>How many members are joined and how many invited.</summary>
    ValueTask<(int Joined, int Invited)> CountAsync(string roomId, CancellationToken cancellationToken = default);
    /// <summary>
    /// The first members by user id, <paramref name="except"/> left out: joined or invited, or with <paramref name="gone"/> those who left or were banned.
    /// </summary>
    ValueTask<IReadOnlyList<string>> FirstAsync(string roomId, bool gone, string except, int limit, CancellationToken cancellationToken = default);
    /// <summary>Users joined to at least one room that <paramref name="userId"/> is joined to, itself included.</summary>
    ValueTask<IReadOnlySet<string>> SharingRoomAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>Those of <paramref name="others"/> that are joined to a room that <paramref name="userId"/> is joined to.</summary>
    ValueTask<IReadOnlyList<string>> SharingAmongAsync(string userId, IReadOnlyCollection<string> others, CancellationToken cancellationToken = default);
    /// <summary>The rooms that each of the users is joined to.</summary>
    ValueTask<ILookup<string, string>> JoinedRoomsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default);
    /// <summary>Rooms that both are joined to.</summary>
    ValueTask<IReadOnlyList<string>> MutualRoomsAsync(string userId, string otherUserId, CancellationToken cancellationToken = default);
    /// <summary>
    /// Servers with a joined member in the room, with their number of joined members, most first. Of a room whose members are known in part, also servers that
    /// a resident server named, with none.
    /// </summary>
    ValueTask<IReadOnlyList<(string Server, int Members)>> ServersAsync(string roomId, CancellationToken cancellationToken = default);
    /// <summary>True if the user is joined to a room that somebody of the server is joined to.</summary>
    ValueTask<bool> SharesRoomAsync(string userId, string server, CancellationToken cancellationToken = default);
    /// <summary>Servers that share a room with the user, the user's own left out.</summary>
    ValueTask<IReadOnlyList<string>> ServersSharingAsync(string userId, CancellationToken cancellationToken = default);
}
