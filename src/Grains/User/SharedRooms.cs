using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>Who shares a room with whom. The rooms of local users are kept until they change. One per silo, thread-safe.</summary>
internal sealed class SharedRooms(ChangeHub hub, IMembershipStore memberships, LocalServer server)
{
    /// <summary>Of more users than that it is cheaper to read all who share a room with the one.</summary>
    private const int Many = 1000;

    /// <summary>Rooms remembered, each as often as users are joined to it: some 100 bytes.</summary>
    private const int MaxRooms = 100_000;

    private readonly FollowedCache<HashSet<string>> _joined = new(
        hub, ChangeKind.Membership, MaxRooms, static rooms => 1 + (rooms?.Count ?? 0),
        async (users, cancellationToken) => (await memberships.JoinedRoomsAsync(users, cancellationToken))
            .ToDictionary(static rooms => rooms.Key, static rooms => rooms.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal));

    /// <summary>Those of the users that are joined to a room that a local user is joined to, and itself.</summary>
    public async ValueTask<HashSet<string>> AmongAsync(string userId, IReadOnlyCollection<string> users, CancellationToken cancellationToken)
    {
        var sharing = new HashSet<string>(StringComparer.Ordinal);
        if (users.Count == 0)
            return sharing;
        if (users.Count > Many)
        {
            sharing.UnionWith(await memberships.SharingRoomAsync(userId, cancellationToken));
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

        sharing.UnionWith(await memberships.SharingAmongAsync(userId, [.. users.Where(user => !server.IsLocalUser(user))], cancellationToken));
        sharing.Add(userId);
        sharing.IntersectWith(users);
        return sharing;
    }
}
