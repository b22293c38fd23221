using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>
/// Users whose devices begin or cease to matter to the syncing user because of changed memberships (C-S API, Tracking the device list for a user).
/// </summary>
public sealed class DeviceListChanges
{
    /// <summary>Users who came to share a room.</summary>
    public HashSet<string> Changed { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// The user came to an encrypted room, and so is one of those "who now share an encrypted room" (C-S API, device_lists of /sync): what is sent there goes to
    /// the user's other devices as well.
    /// </summary>
    public bool HasNewEncryptedRoom { get; private set; }

    /// <summary>Users who left a shared room, or whose room the user left; some may share another room still.</summary>
    public HashSet<string> Left { get; } = new(StringComparer.Ordinal);

    internal async ValueTask AddJoinedAsync(SyncScope scope, RoomDelta delta, CancellationToken cancellationToken)
    {
        if (scope.IsInitial)
            return;
        if (delta.IsNew)
        {
            await AddNewRoomAsync(scope, delta, cancellationToken);
            return;
        }

        // Only in encrypted rooms do devices matter, and the room may be large.
        if (delta.IsFilled && await IsEncryptedAsync(scope, delta, cancellationToken))
            await AddMembersAsync(scope, delta, Changed, cancellationToken);
        foreach (var row in delta.Timeline.Events.Concat(delta.State))
        {
            if (row is not { Type: EventTypes.Member, StateKey: { } userId })
                continue;
            var membership = delta.Room.Parse(row).Membership;
            var before = row.StateBefore is { } state ? await delta.Room.MembershipAsync(state, userId, cancellationToken) : Membership.Leave;
            if (userId == scope.UserId)
            {
                // Left and came back since: of what the others did meanwhile nothing may have been heard.
                if (membership == Membership.Join && before != Membership.Join)
                    await AddNewRoomAsync(scope, delta, cancellationToken);
            }
            else if (IsSentKeys(membership) && membership != before)
            {
                Changed.Add(userId);
            }
            else if (membership is Membership.Leave or Membership.Ban && IsSentKeys(before))
            {
                Left.Add(userId);
            }
        }
    }

    internal async ValueTask AddLeftAsync(SyncScope scope, RoomDelta delta, CancellationToken cancellationToken)
    {
        if (!scope.IsInitial && !delta.IsNew)
            await AddMembersAsync(scope, delta, Left, cancellationToken);
    }

    private async ValueTask AddNewRoomAsync(SyncScope scope, RoomDelta delta, CancellationToken cancellationToken)
    {
        await AddMembersAsync(scope, delta, Changed, cancellationToken);
        if (await IsEncryptedAsync(scope, delta, cancellationToken))
            HasNewEncryptedRoom = true;
    }

    private static async ValueTask<bool> IsEncryptedAsync(SyncScope scope, RoomDelta delta, CancellationToken cancellationToken) =>
        await scope.Services.Storage.Rooms.GetSummaryAsync(delta.Room.RoomId, cancellationToken) is { Encrypted: true };

    // Who is invited may come to read what is sent now (C-S API, Room History Visibility), so clients send room keys to their devices too.
    private static bool IsSentKeys(string? membership) => membership is Membership.Join or Membership.Invite;

    private static async ValueTask AddMembersAsync(SyncScope scope, RoomDelta delta, HashSet<string> users, CancellationToken cancellationToken)
    {
        foreach (var member in await scope.Services.Storage.Memberships.OfRoomAsync(delta.Room.RoomId, Membership.Join, cancellationToken))
        {
            if (member.UserId != scope.UserId)
                users.Add(member.UserId);
        }
    }
}
