using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Importing;

/// <summary>What is to be remembered of a room whose members this server has not been told of yet.</summary>
internal sealed class PartialState(string joinEventId, string origin, IEnumerable<string> servers, IReadOnlyCollection<string> events)
{
    private readonly List<string> _events = [.. events];
    private readonly HashSet<string> _ids = events.ToHashSet(StringComparer.Ordinal);

    public PartialState(PartialRoomRow row)
        : this(row.JoinEventId, row.Origin, row.Servers, row.Events)
    {
    }

    /// <summary>The join before which the state is known in part.</summary>
    public string JoinEventId => joinEventId;

    /// <summary>The resident server that took it.</summary>
    public string Origin => origin;

    /// <summary>Servers of the room of which no member may be known.</summary>
    public IReadOnlySet<string> Servers { get; } = servers.ToHashSet(StringComparer.Ordinal);

    /// <summary>The join and all events whose state was worked out from it since, in the order in which they came.</summary>
    public IReadOnlyList<string> Events => _events;

    /// <summary>True if the event follows one whose state is known in part.</summary>
    public bool IsFollowedBy(Pdu pdu) => pdu.PrevEvents.Any(_ids.Contains);

    /// <summary>Notes an event and gives its place; null if it is noted already.</summary>
    public int? Add(string eventId)
    {
        if (!_ids.Add(eventId))
            return null;
        _events.Add(eventId);
        return _events.Count - 1;
    }
}
