using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Visibility;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>One room as one request reads it; remembers the events that it has read.</summary>
public sealed class RoomView
{
    private const int StateSearchPage = 20;
    private readonly Dictionary<string, (EventRow Row, Pdu Pdu)> _events = new(StringComparer.Ordinal);

    private RoomView(ReadServices services, string roomId, RoomVersion version) => (Services, RoomId, Version) = (services, roomId, version);

    public ReadServices Services { get; }
    public string RoomId { get; }
    public RoomVersion Version { get; }

    private IEventStore Store => Services.Storage.Events;

    /// <summary>Null for a room that this server does not have.</summary>
    public static async ValueTask<RoomView?> OpenAsync(ReadServices services, string roomId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(services);
        await services.Erased.ReadyAsync();
        return await services.Versions.FindAsync(roomId, cancellationToken) is { } version ? new RoomView(services, roomId, version) : null;
    }

    /// <summary>The event of a stored row.</summary>
    public Pdu Parse(EventRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (!_events.TryGetValue(row.EventId, out var known))
            _events.Add(row.EventId, known = (row, Pdu.FromStored(row.Json, Version, row.EventId)));
        return known.Pdu;
    }

    /// <summary>Whether what is stored is an event; if not it is told in the log, and counts as not stored.</summary>
    public bool IsReadable(EventRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (_events.ContainsKey(row.EventId))
            return true;
        if (Pdu.TryFromStored(row.Json, Version, row.EventId, out var pdu))
        {
            _events.Add(row.EventId, (row, pdu));
            return true;
        }

        ReadLog.Unreadable(Services.Logger, $"The event {row.EventId}", RoomId);
        return false;
    }

    /// <summary>An event of this room, whatever its status; null if it is not stored.</summary>
    public async ValueTask<EventRow?> FindAsync(string eventId, CancellationToken cancellationToken = default)
    {
        if (_events.TryGetValue(eventId, out var known))
            return known.Row;
        var row = await Store.GetAsync(eventId, cancellationToken);
        return row is not null && row.RoomId == RoomId && IsReadable(row) ? row : null;
    }

    /// <summary>Reads events at once; those not stored are left out. In the order of the ids.</summary>
    public async ValueTask<List<EventRow>> FindManyAsync(IReadOnlyCollection<string> eventIds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(eventIds);
        var missing = eventIds.Where(id => !_events.ContainsKey(id)).ToHashSet(StringComparer.Ordinal);
        if (missing.Count > 0)
        {
            foreach (var row in await Store.GetManyAsync(missing, cancellationToken))
            {
                if (row.RoomId == RoomId)
                    IsReadable(row);
            }
        }

        var found = new List<EventRow>(eventIds.Count);
        foreach (var id in eventIds)
        {
            if (_events.TryGetValue(id, out var known))
                found.Add(known.Row);
        }

        return found;
    }

    /// <summary>The root of the room's state just behind a place in its history.</summary>
    public async ValueTask<StateNodeId> StateAfterAsync(HistoryOrder place, CancellationToken cancellationToken = default)
    {
        // The room is read first: if no event follows the place now, none followed it then, and the room's state was that of the place.
        var room = await Services.Storage.Rooms.GetAsync(RoomId, cancellationToken);
        if (room is null)
            return StateNodeId.Empty;
        if (room.LastPosition <= place.Anchor && place.Minor >= 0)
            return room.State;
        for (var from = place; ;)
        {
            // The state before events fetched for a gap may not be known; the next live event's is.
            var page = await Store.RangeAsync(RoomId, from, HistoryOrder.End, Direction.Forward, from == place ? 1 : StateSearchPage, cancellationToken);
            foreach (var row in page)
            {
                if (row.StateBefore is { } state)
                    return state;
            }

            if (page.Count == 0)
                return room.State;
            from = page[^1].Order!.Value;
        }
    }

    /// <summary>The event that holds a pair in a state, or null.</summary>
    public async ValueTask<Pdu?> StateEventAsync(StateNodeId state, string type, string stateKey, CancellationToken cancellationToken = default)
    {
        var id = await Services.States.GetAsync(state, type, stateKey, cancellationToken);
        return id is not null && await FindAsync(id, cancellationToken) is { } row ? Parse(row) : null;
    }

    /// <summary>A user's membership in a state; <c>leave</c> for who never was in the room.</summary>
    public async ValueTask<string> MembershipAsync(StateNodeId state, string userId, CancellationToken cancellationToken = default) =>
        (await StateEventAsync(state, EventTypes.Member, userId, cancellationToken))?.Membership ?? Membership.Leave;

    /// <summary>
    /// Whether a user gets an event redacted because its sender's account was erased (C-S API, account/deactivate): all do but those who were in the room, or
    /// could see into it as invited, when it was sent.
    /// </summary>
    public async ValueTask<bool> IsErasedForAsync(EventRow row, string userId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (!Services.Erased.Cover(row) || row.Sender == userId)
            return false;
        if (row.StateBefore is not { } before)
            return true;
        var membership = await MembershipAsync(before, userId, cancellationToken);
        return membership != Membership.Join && (membership != Membership.Invite ||
            HistoryVisibilities.Of(await StateEventAsync(before, EventTypes.HistoryVisibility, "", cancellationToken)) != HistoryVisibility.Invited);
    }
}
