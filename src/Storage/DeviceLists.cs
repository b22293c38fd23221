namespace OrleansMatrix.Storage;

/// <summary>A remote user's device list as it is kept here.</summary>
/// <param name="StreamId">The server's stream id of the newest change that is in the list; null: not known.</param>
/// <param name="Fresh">Every change since has been applied: the list may be served.</param>
/// <param name="Version">Counts what may have made the list old; 0 for a list that is not there.</param>
public sealed record RemoteDeviceList(string UserId, long? StreamId, bool Fresh, long Version);

/// <summary>Which servers know local users' device lists, and which remote users' lists are known here (S-S API, Device Management).</summary>
public interface IDeviceListStore
{
    /// <summary>Position of the newest change of a local user's devices that everybody sees; 0 if there was none.</summary>
    ValueTask<long> NewestChangeAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>The stream ids of the last updates that the server has taken, by user; without an entry it knows nothing of the user.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> ToldAsync(
        string destination, IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default);
    void PutTold(WriteUnit unit, string destination, string userId, long streamId);
    /// <summary>Local users in a room, of whose newest change the server was not told, with the position of that change.</summary>
    ValueTask<IReadOnlyList<(string UserId, long Newest)>> UntoldAsync(
        string destination, string roomId, string localServer, int limit, CancellationToken cancellationToken = default);

    /// <summary>The lists of remote users, as far as there are any.</summary>
    ValueTask<IReadOnlyDictionary<string, RemoteDeviceList>> RemoteAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default);
    /// <summary>Users whose lists are not fresh and who share a room with a local user, by user id after <paramref name="afterUserId"/>.</summary>
    ValueTask<IReadOnlyList<string>> StaleAsync(string afterUserId, string localServer, int limit, CancellationToken cancellationToken = default);
    /// <summary>The list is old; makes an entry if there is none.</summary>
    void MarkStale(WriteUnit unit, string userId);
    /// <summary>The list, if there is one, is no longer kept up to date by the user's server.</summary>
    void Untrack(WriteUnit unit, string userId);
    /// <summary>As <see cref="Untrack"/>, for all who are joined to the room.</summary>
    void UntrackRoom(WriteUnit unit, string roomId);
    /// <summary>The list's devices were replaced or changed: it is fresh if its version is still the one given, else stale. The version goes up.</summary>
    void PutRemote(WriteUnit unit, string userId, long? streamId, long version);
    /// <summary>Deletes the user's devices and cross-signing keys; signatures that local users made on them stay.</summary>
    void DeleteRemoteKeys(WriteUnit unit, string userId);
}
