using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The <c>summary</c> section of a room in a sync.</summary>
internal static class RoomSummaryReader
{
    private const int MaxHeroes = 5;

    public static async ValueTask<RoomSummary> ReadAsync(SyncScope scope, RoomView room, CancellationToken cancellationToken)
    {
        var members = scope.Services.Storage.Memberships;
        var (joined, invited) = await members.CountAsync(room.RoomId, cancellationToken);
        if (await HasNameAsync(scope, room, cancellationToken))
            return new RoomSummary(null, joined, invited);

        // "The first 5 members of the room … which are joined or invited … When no joined or invited members are available, … the banned and left users."
        var heroes = await members.FirstAsync(room.RoomId, gone: false, scope.UserId, MaxHeroes, cancellationToken);
        if (heroes.Count == 0)
            heroes = await members.FirstAsync(room.RoomId, gone: true, scope.UserId, MaxHeroes, cancellationToken);
        return new RoomSummary(heroes, joined, invited);
    }

    private static async ValueTask<bool> HasNameAsync(SyncScope scope, RoomView room, CancellationToken cancellationToken)
    {
        var state = await room.StateAfterAsync(scope.UpToPlace, cancellationToken);
        return (await room.StateEventAsync(state, EventTypes.Name, "", cancellationToken))?.GetContentString("name"u8) is { Length: > 0 } ||
            (await room.StateEventAsync(state, EventTypes.CanonicalAlias, "", cancellationToken))?.GetContentString("alias"u8) is { Length: > 0 };
    }
}
