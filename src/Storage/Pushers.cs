namespace OrleansMatrix.Storage;

/// <summary>A pusher; one for each user, app id and push key.</summary>
/// <param name="DeviceId">The device that set it; it goes with it.</param>
/// <param name="Json">The pusher as <c>GET pushers</c> shows it.</param>
public sealed record PusherRow(string UserId, string AppId, string PushKey, string DeviceId, ReadOnlyMemory<byte> Json, long CreatedAt);

public interface IPusherStore
{
    void Put(WriteUnit unit, PusherRow row);
    void Delete(WriteUnit unit, string userId, string appId, string pushKey);
    /// <summary>Deletes other users' pushers of that app id and push key.</summary>
    void DeleteOfOthers(WriteUnit unit, string userId, string appId, string pushKey);
    /// <summary>Deletes the pushers that a device has set; null: all of the user's.</summary>
    void DeleteOfDevice(WriteUnit unit, string userId, string? deviceId);
    ValueTask<IReadOnlyList<PusherRow>> OfUserAsync(string userId, CancellationToken cancellationToken = default);
}
