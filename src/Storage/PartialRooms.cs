namespace OrleansMatrix.Storage;

/// <summary>A room whose members this server was not told of when it joined (S-S API, <c>omit_members</c>): its state lacks most of them.</summary>
/// <param name="JoinEventId">The join, before which the state is known in part.</param>
/// <param name="Origin">The resident server that took the join.</param>
/// <param name="Servers">The other servers in the room, as a resident server said.</param>
/// <param name="Events">The join and what was placed after it, in that order: the events whose state is known in part.</param>
public sealed record PartialRoomRow(string RoomId, string JoinEventId, string Origin, IReadOnlyList<string> Servers, IReadOnlyList<string> Events);

/// <summary>Rooms of which the state is known in part. Their servers count as servers of the room everywhere.</summary>
public interface IPartialRoomStore
{
    /// <summary>Null for a room whose state is whole.</summary>
    ValueTask<PartialRoomRow?> GetAsync(string roomId, CancellationToken cancellationToken = default);

    /// <summary>The ids of all rooms of which the state is known in part.</summary>
    ValueTask<IReadOnlyList<string>> AllAsync(CancellationToken cancellationToken = default);

    /// <summary>Notes that the state is known in part from this join on.</summary>
    void Begin(WriteUnit unit, string roomId, string joinEventId, string origin, IReadOnlyCollection<string> servers);

    /// <summary>Notes a further event; <paramref name="index"/> is its place among the room's events of this kind.</summary>
    void AddEvent(WriteUnit unit, string roomId, string eventId, int index);

    /// <summary>The state is whole from the slot's position on, or of no more interest.</summary>
    void End(WriteUnit unit, string roomId, PositionSlot slot);

    /// <summary>
    /// Of those of the rooms whose state was or is known in part, the position at which that ended; <see cref="long.MaxValue"/> where it did not end yet.
    /// </summary>
    ValueTask<IReadOnlyDictionary<string, long>> EndsAsync(IReadOnlyCollection<string> roomIds, CancellationToken cancellationToken = default);
}
