using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>
/// What push gateways call <c>unread</c>: the number of rooms with unread notifications, and of invitations. Deployed servers count rooms, not messages, and so
/// do the clients that show it; invitations by ignored users, which no client is shown, do not count. Only the rooms in which something changed are counted
/// anew.
/// </summary>
internal sealed class Badge(UserState user)
{
    private readonly HashSet<string> _unread = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, MembershipRow>? _rows;
    private long _countedTo;

    /// <summary>The joined rooms with unread notifications, as last counted.</summary>
    public IReadOnlyCollection<string> Rooms => _unread;

    /// <summary>Counts up to a snapshot; afterwards <see cref="UserUnread"/> has what is unread up to there.</summary>
    public async ValueTask<int> CountAsync(MembershipSnapshot snapshot, CancellationToken cancellationToken)
    {
        await user.Settings.RefreshAsync(cancellationToken);
        var changes = new ChangeSet();
        if (_rows == snapshot.Rows && user.Watcher.TryCollect(_countedTo, snapshot.Position, changes))
        {
            foreach (var (roomId, kinds) in changes.Rooms)
            {
                if (snapshot.Rows.TryGetValue(roomId, out var row) && row.Membership == Membership.Join)
                    await CountAsync(row, (kinds & ChangeKinds.Receipt) != 0, snapshot.Position, cancellationToken);
            }
        }
        else
        {
            _unread.RemoveWhere(roomId => !snapshot.Rows.TryGetValue(roomId, out var row) || row.Membership != Membership.Join);
            foreach (var row in snapshot.Joined)
                await CountAsync(row, isRead: true, snapshot.Position, cancellationToken);
        }

        (_rows, _countedTo) = (snapshot.Rows, snapshot.Position);
        return _unread.Count + snapshot.Rows.Values.Count(row => row.Membership == Membership.Invite && !user.Settings.Ignored.Contains(row.Sender));
    }

    /// <param name="isRead">The user's receipts may be others than those that were counted with.</param>
    private async ValueTask CountAsync(MembershipRow row, bool isRead, long upTo, CancellationToken cancellationToken)
    {
        if (isRead && user.Unread.Find(row.RoomId) is not null)
            await user.Unread.ReadReceiptsAsync(row.RoomId, cancellationToken);
        if ((await user.Unread.CountAsync(row, upTo, null, 0, cancellationToken)).Events.Count > 0)
            _unread.Add(row.RoomId);
        else
            _unread.Remove(row.RoomId);
    }
}
