namespace OrleansMatrix.Storage;

/// <summary>A pusher; one for each user, app id and push key.</summary>
/// <param name="DeviceId">The device that set it; it goes with it.</param>
/// <param name="Json">The pusher as <c>GET pushers</c> shows it.</param>
/// <param name="CreatedAt">Milliseconds since the epoch.</param>
/// <param name="PushedTo">The position of the stream up to which the gateway was told.</param>
public sealed record PusherRow(
    string UserId, string AppId, string PushKey, string DeviceId, ReadOnlyMemory<byte> Json, long CreatedAt, long PushedTo = 0);

public interface IPusherStore
{
    /// <summary>Inserts or replaces; one that is replaced keeps its <see cref="PusherRow.PushedTo"/>.</summary>
    void Put(WriteUnit unit, PusherRow row);
    /// <summary>Sets <see cref="PusherRow.PushedTo"/>.</summary>
    void SetPlace(WriteUnit unit, PusherRow row);
    void Delete(WriteUnit unit, string userId, string appId, string pushKey);
    /// <summary>Deletes other users' pushers of that app id and push key.</summary>
    void DeleteOfOthers(WriteUnit unit, string userId, string appId, string pushKey);
    /// <summary>Deletes the pushers that a device has set; null: all of the user's.</summary>
    void DeleteOfDevice(WriteUnit unit, string userId, string? deviceId);
    ValueTask<IReadOnlyList<PusherRow>> OfUserAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>Other users with a pusher of that app id and push key.</summary>
    ValueTask<IReadOnlyList<string>> OthersAsync(string userId, string appId, string pushKey, CancellationToken cancellationToken = default);
    /// <summary>All users with pushers.</summary>
    ValueTask<IReadOnlyList<string>> UsersAsync(CancellationToken cancellationToken = default);
    /// <summary>Those who are joined to a room or invited to it.</summary>
    ValueTask<IReadOnlyList<string>> UsersInRoomAsync(string roomId, CancellationToken cancellationToken = default);
    /// <summary>Those with something in a room, or an invitation, behind the place of a pusher; in order, after a user.</summary>
    ValueTask<IReadOnlyList<string>> BehindAsync(string after, int limit, CancellationToken cancellationToken = default);
}
