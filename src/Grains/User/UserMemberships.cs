using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Grains.User.Unread;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>The rooms of a user exactly as of a position of the stream. Immutable.</summary>
/// <param name="Position">No row is newer, and no change up to here is missing.</param>
/// <param name="Rows">By room id.</param>
public sealed record MembershipSnapshot(long Position, IReadOnlyDictionary<string, MembershipRow> Rows)
{
    /// <summary>The rooms that the user is joined to.</summary>
    public IEnumerable<MembershipRow> Joined => Rows.Values.Where(r => r.Membership == Membership.Join);
}

/// <summary>Keeps the rooms of a user; the watcher watches the joined ones, and what is counted of others is forgotten.</summary>
internal sealed class UserMemberships(UserServices services, ChangeWatcher watcher, UserUnread unread)
{
    private IReadOnlyDictionary<string, MembershipRow> _rows = new Dictionary<string, MembershipRow>();
    private long _readAt = -1;
    private long _newest;

    /// <summary>The rooms as of now.</summary>
    public async ValueTask<MembershipSnapshot> RefreshAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var position = await services.Hub.CatchUpAsync(cancellationToken);
            if (position < _newest)
            {
                // The rows were read when they had a change that the stream has not reached yet.
                await services.Hub.Feed.WaitForAsync(_newest, cancellationToken);
                continue;
            }

            if (_readAt >= watcher.LastOwn(ChangeKind.Membership))
                return new MembershipSnapshot(position, _rows);
            var rows = await services.Storage.Memberships.OfUserAsync(watcher.UserId, cancellationToken);
            if (position <= _readAt)
                continue;
            _rows = rows.ToDictionary(r => r.RoomId, StringComparer.Ordinal);
            _readAt = position;
            _newest = rows.Count == 0 ? 0 : rows.Max(r => r.Position);
            var joined = rows.Where(r => r.Membership == Membership.Join).Select(r => r.RoomId).ToHashSet(StringComparer.Ordinal);
            watcher.SetRooms(joined);
            unread.Trim(joined);
        }
    }
}
