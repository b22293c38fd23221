using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>Who shares a room with whom. The rooms of local users are kept until they change. One per silo, thread-safe.</summary>
public sealed class SharedRooms(ChangeHub hub, IStorage storage, LocalServer server)
{
    /// <summary>Of more users than that it is cheaper to read all who share a room with the one.</summary>
    private const int Many = 1000;

    /// <summary>Rooms remembered, each as often as users are joined to it: some 100 bytes.</summary>
    private const int MaxRooms = 100_000;

    private readonly FollowedCache<HashSet<string>> _joined = new(
        hub, ChangeKind.Membership, MaxRooms, static rooms => 1 + (rooms?.Count ?? 0),
        async (users, cancellationToken) => (await storage.Memberships.JoinedRoomsAsync(users, cancellationToken))
            .ToDictionary(static rooms => rooms.Key, static rooms => rooms.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal));

    /// <summary>The rooms that a user is joined to.</summary>
    public async ValueTask<IReadOnlyCollection<string>> OfAsync(string userId, CancellationToken cancellationToken) =>
        server.IsLocalUser(userId) ? (await _joined.GetAsync([userId], cancellationToken))[userId] ?? []
        : [.. (await storage.Memberships.JoinedRoomsAsync([userId], cancellationToken))[userId]];

    /// <summary>Those of the users that are joined to a room that a local user is joined to, and itself.</summary>
    public async ValueTask<HashSet<string>> AmongAsync(string userId, IReadOnlyCollection<string> users, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(users);
        var sharing = new HashSet<string>(StringComparer.Ordinal);
        if (users.Count == 0)
            return sharing;
        if (users.Count > Many)
        {
            sharing.UnionWith(await storage.Memberships.SharingRoomAsync(userId, cancellationToken));
            sharing.Add(userId);
            sharing.IntersectWith(users);
            return sharing;
        }

        var joined = await _joined.GetAsync([userId, .. users.Where(server.IsLocalUser)], cancellationToken);
        var own = joined[userId] ?? [];
        foreach (var (user, rooms) in joined)
        {
            if (rooms is not null && own.Overlaps(rooms))
                sharing.Add(user);
        }

        sharing.UnionWith(await storage.Memberships.SharingAmongAsync(userId, [.. users.Where(user => !server.IsLocalUser(user))], cancellationToken));
        sharing.Add(userId);
        sharing.IntersectWith(users);
        return sharing;
    }
}
