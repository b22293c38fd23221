using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The <c>summary</c> section of a room in a sync.</summary>
internal static class RoomSummaryReader
{
    private const int MaxHeroes = 5;

    public static async ValueTask<RoomSummary> ReadAsync(SyncScope scope, RoomView room, CancellationToken cancellationToken)
    {
        var members = await scope.Services.Storage.Memberships.OfRoomAsync(room.RoomId, null, cancellationToken);
        var joined = members.Count(m => m.Membership == Membership.Join);
        var invited = members.Count(m => m.Membership == Membership.Invite);
        if (await HasNameAsync(scope, room, cancellationToken))
            return new RoomSummary(null, joined, invited);

        // "The first 5 members of the room … which are joined or invited … When no joined or invited members are available, … the banned and left users."
        var others = members.Where(m => m.UserId != scope.UserId).OrderBy(m => m.UserId, StringComparer.Ordinal).ToList();
        var present = others.Where(m => m.Membership is Membership.Join or Membership.Invite).Take(MaxHeroes).Select(m => m.UserId).ToList();
        var heroes = present.Count > 0 ? present : [.. others.Where(m => m.Membership is Membership.Leave or Membership.Ban).Take(MaxHeroes).Select(m => m.UserId)];
        return new RoomSummary(heroes, joined, invited);
    }

    private static async ValueTask<bool> HasNameAsync(SyncScope scope, RoomView room, CancellationToken cancellationToken)
    {
        var state = await room.StateAfterAsync(scope.UpToPlace, cancellationToken);
        return (await room.StateEventAsync(state, EventTypes.Name, "", cancellationToken))?.GetContentString("name"u8) is { Length: > 0 } ||
            (await room.StateEventAsync(state, EventTypes.CanonicalAlias, "", cancellationToken))?.GetContentString("alias"u8) is { Length: > 0 };
    }
}
