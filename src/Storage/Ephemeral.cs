namespace OrleansMatrix.Storage;

/// <summary>Who types in a room.</summary>
/// <param name="Users">User ids with the time at which their typing ends by itself, milliseconds since the epoch.</param>
public sealed record TypingRow(string RoomId, IReadOnlyDictionary<string, long> Users, long Position);

/// <summary>A user's presence.</summary>
/// <param name="LastActiveAt">Milliseconds since the epoch.</param>
public sealed record PresenceRow(string UserId, string Presence, string? StatusMessage, long LastActiveAt, bool CurrentlyActive, long Position);

public interface IEphemeralStore
{
    void PutTyping(WriteUnit unit, TypingRow row, PositionSlot slot);
    /// <summary>Rooms whose typing changed in (after, upTo]; readers leave out users whose time is over.</summary>
    ValueTask<IReadOnlyList<TypingRow>> TypingChangedAsync(
        IReadOnlyCollection<string> roomIds, long after, long upTo, CancellationToken cancellationToken = default);
    void PutPresence(WriteUnit unit, PresenceRow row, PositionSlot slot);
    ValueTask<IReadOnlyList<PresenceRow>> PresenceAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default);
    /// <summary>The ids of joined members of a room and server who are not offline, the ones that were active last first.</summary>
    ValueTask<IReadOnlyList<string>> PresentAsync(string roomId, string server, int limit, CancellationToken cancellationToken = default);
    /// <summary>The ids of users who are not offline, after one in order.</summary>
    ValueTask<IReadOnlyList<string>> ShownAsync(string afterUserId, int limit, CancellationToken cancellationToken = default);
    /// <summary>Presence of anybody changed in (after, upTo].</summary>
    ValueTask<IReadOnlyList<PresenceRow>> PresenceChangedAsync(long after, long upTo, CancellationToken cancellationToken = default);
}
