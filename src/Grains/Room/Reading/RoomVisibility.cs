using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Visibility;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>What one user may see of one room (C-S API, Room History Visibility).</summary>
public sealed class RoomVisibility
{
    private const int MaxMembershipWalk = 50;
    private readonly RoomView _room;
    private readonly string _userId;

    private RoomVisibility(RoomView room, string userId, MembershipRow? row) => (_room, _userId, Row) = (room, userId, row);

    /// <summary>The user's present membership; null if there never was one.</summary>
    public MembershipRow? Row { get; }

    public bool IsJoined => Row?.Membership == Membership.Join;

    /// <summary>For a user who was joined and is no more (and has not forgotten the room): the place of the event that ended it.</summary>
    public HistoryOrder? DepartedAt { get; private set; }

    /// <summary>True for who is or was joined: the room's history up to <see cref="Bound"/> can be asked for.</summary>
    public bool IsMember => IsJoined || DepartedAt is not null;

    /// <summary>Nothing behind this place may be seen by who is not a member any more.</summary>
    public HistoryOrder Bound => DepartedAt ?? HistoryOrder.End;

    /// <summary>Looks up how the user stands to the room.</summary>
    public static async ValueTask<RoomVisibility> OpenAsync(RoomView room, string userId, MembershipRow? row, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(room);
        var visibility = new RoomVisibility(room, userId, row);
        if (row is { Membership: not Membership.Join, Forgotten: false })
            await visibility.FindDepartureAsync(row.EventId, cancellationToken);
        return visibility;
    }

    /// <inheritdoc cref="OpenAsync(RoomView, string, MembershipRow?, CancellationToken)"/>
    public static async ValueTask<RoomVisibility> OpenAsync(RoomView room, string userId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(room);
        return await OpenAsync(room, userId, await room.Services.Storage.Memberships.GetAsync(room.RoomId, userId, cancellationToken), cancellationToken);
    }

    /// <summary>The root of the state that the user may read as the room's: the current one, or that just after the leaving.</summary>
    public ValueTask<StateNodeId> StateAsync(CancellationToken cancellationToken = default) => _room.StateAfterAsync(Bound, cancellationToken);

    /// <summary>Whether anybody may look into the room as it is now.</summary>
    public async ValueTask<bool> IsWorldReadableAsync(CancellationToken cancellationToken = default) =>
        await VisibilityAsync(await _room.StateAfterAsync(HistoryOrder.End, cancellationToken), cancellationToken) == HistoryVisibility.WorldReadable;

    /// <summary>Whether the user may see who has read what and who types: who is joined, and who looks into a room that anybody may look into.</summary>
    public async ValueTask<bool> SeesEphemeralAsync(CancellationToken cancellationToken = default) =>
        IsJoined || (Row?.Membership != Membership.Ban && await IsWorldReadableAsync(cancellationToken));

    /// <summary>Whether the user may see the state that the room had at a place.</summary>
    public async ValueTask<bool> CanSeeStateAsync(HistoryOrder place, CancellationToken cancellationToken = default)
    {
        // What is asked for may be behind the leaving, and then is answered as of the leaving.
        if (place >= Bound)
            return true;
        var state = await _room.StateAfterAsync(place, cancellationToken);
        return VisibilityRules.MaySee(
            await VisibilityAsync(state, cancellationToken), await _room.MembershipAsync(state, _userId, cancellationToken), joinedAfter: IsMember);
    }

    /// <summary>The user's membership at an event, with what the event itself changes about it.</summary>
    public async ValueTask<string> MembershipAtAsync(EventRow row, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (IsOwnMembership(row))
            return _room.Parse(row).Membership ?? Membership.Leave;
        return await MembershipBeforeAsync(row, cancellationToken);
    }

    /// <summary>Whether the user may see an event that has a place in the room's history. What is stored but is no event is seen by nobody.</summary>
    public async ValueTask<bool> CanSeeAsync(EventRow row, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (!_room.IsReadable(row))
            return false;
        if (IsSettled(row))
            return true;
        var before = await MembershipBeforeAsync(row, cancellationToken);
        // Of an event fetched for a gap, whose state is not known, the state of the next event that has one decides.
        var state = row.StateBefore ?? await _room.StateAfterAsync(row.Order ?? HistoryOrder.End, cancellationToken);
        var joinedLater = IsJoined || (DepartedAt is { } departed && row.Order < departed);
        return VisibilityRules.MaySee(_room.Parse(row), _userId, await VisibilityAsync(state, cancellationToken), before, joinedLater);
    }

    /// <summary>Those of the rows that the user may see, in their order.</summary>
    public async ValueTask<List<EventRow>> FilterAsync(IReadOnlyCollection<EventRow> rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var visible = new List<EventRow>(rows.Count);
        foreach (var row in rows)
        {
            if (await CanSeeAsync(row, cancellationToken))
                visible.Add(row);
        }

        return visible;
    }

    private bool IsOwnMembership(EventRow row) => row.Type == EventTypes.Member && row.StateKey == _userId;

    /// <summary>True for events from the time since when the user has been joined without a change.</summary>
    private bool IsSettled(EventRow row) => IsJoined && row.Order is { } order && order.Anchor > Row!.Position;

    private async ValueTask<string> MembershipBeforeAsync(EventRow row, CancellationToken cancellationToken)
    {
        if (IsSettled(row))
            return Membership.Join;
        // Without a state (an event fetched for a gap) only what is so later can be known.
        if (row.StateBefore is not { } state)
            return Membership.Leave;
        return await _room.MembershipAsync(state, _userId, cancellationToken);
    }

    private async ValueTask<HistoryVisibility> VisibilityAsync(StateNodeId state, CancellationToken cancellationToken) =>
        HistoryVisibilities.Of(await _room.StateEventAsync(state, EventTypes.HistoryVisibility, "", cancellationToken));

    /// <summary>Goes back along the user's own member events to the one that ended the last time of being joined.</summary>
    private async ValueTask FindDepartureAsync(string eventId, CancellationToken cancellationToken)
    {
        for (var step = 0; step < MaxMembershipWalk; step++)
        {
            if (await _room.FindAsync(eventId, cancellationToken) is not { StateBefore: { } state, Order: { } order })
                return;
            if (await _room.StateEventAsync(state, EventTypes.Member, _userId, cancellationToken) is not { } previous)
                return;
            if (previous.Membership == Membership.Join)
            {
                DepartedAt = order;
                return;
            }

            eventId = previous.EventId;
        }
    }
}
