using System.Collections.Concurrent;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>The versions of rooms, which never change. Bounded; one per silo.</summary>
public sealed class RoomVersionCache(IRoomStore rooms)
{
    private const int Capacity = 100_000;
    private readonly ConcurrentDictionary<string, RoomVersion> _versions = new(StringComparer.Ordinal);

    /// <summary>The room's version; null for a room that this server does not have.</summary>
    public async ValueTask<RoomVersion?> FindAsync(string roomId, CancellationToken cancellationToken = default)
    {
        if (_versions.TryGetValue(roomId, out var known))
            return known;
        var row = await rooms.GetAsync(roomId, cancellationToken);
        if (!RoomVersion.TryGet(row?.Version, out var version))
            return null;
        if (_versions.Count >= Capacity)
            _versions.Clear();
        _versions[roomId] = version;
        return version;
    }
}
