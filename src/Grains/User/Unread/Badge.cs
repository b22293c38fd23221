using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>
/// What push gateways call <c>unread</c>: the number of rooms with unread notifications, and of invitations. Deployed servers count rooms, not messages, and so
/// do the clients that show it; invitations by ignored users, which no client is shown, do not count. Rooms are counted anew only when something in them changed.
/// </summary>
internal sealed class Badge(UserState user)
{
    private long _countedTo = -1;

    /// <summary>Counts up to a snapshot; afterwards <see cref="UserUnread"/> has all joined rooms up to there.</summary>
    public async ValueTask<int> CountAsync(MembershipSnapshot snapshot, CancellationToken cancellationToken)
    {
        await user.Settings.RefreshAsync(cancellationToken);
        ChangeSet? changes = new();
        if (_countedTo < 0 || !user.Watcher.TryCollect(_countedTo, snapshot.Position, changes))
            changes = null;
        var badge = 0;
        foreach (var row in snapshot.Rows.Values)
        {
            if ((row.Membership == Membership.Invite && !user.Settings.Ignored.Contains(row.Sender))
                || (row.Membership == Membership.Join && await HasUnreadAsync(row, changes, snapshot.Position, cancellationToken)))
                badge++;
        }

        _countedTo = snapshot.Position;
        return badge;
    }

    private async ValueTask<bool> HasUnreadAsync(MembershipRow row, ChangeSet? changes, long upTo, CancellationToken cancellationToken)
    {
        var known = user.Unread.Find(row.RoomId);
        if (known is not null && changes?.Rooms.ContainsKey(row.RoomId) == false)
            return known.Events.Count > 0;
        if (known is not null && (changes is null || (changes.Rooms[row.RoomId] & ChangeKinds.Receipt) != 0))
            await user.Unread.ReadReceiptsAsync(row.RoomId, cancellationToken);
        return (await user.Unread.CountAsync(row, upTo, null, 0, cancellationToken)).Events.Count > 0;
    }
}
