using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>What is told of one room's events, ready to be written.</summary>
internal sealed record RoomDelta(RoomView Room, EventRenderer Renderer, Timeline Timeline, List<EventRow> State)
{
    /// <summary>The client did not have the room before.</summary>
    public bool IsNew { get; init; }

    /// <summary>The members of a room that was joined without them are known now.</summary>
    public bool IsFilled { get; init; }

    public RoomSummary? Summary { get; init; }

    public bool IsEmpty => Timeline is { Events.Count: 0, Limited: false } && State.Count == 0 && Summary is null;
}

/// <summary>What names a room in a client's list.</summary>
/// <param name="Heroes">Default: the room has a name.</param>
internal sealed record RoomSummary(IReadOnlyList<string>? Heroes, int Joined, int Invited);
