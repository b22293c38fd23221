using OrleansMatrix.Grains.Room.InMemory;
namespace OrleansMatrix.Grains.Room.Receiving;

/// <summary>What is known of events that are about to be judged, read from storage for all of them at once. Good for one turn of the room.</summary>
internal sealed class Arrivals
{
    private readonly ActiveRoom _room;
    private readonly Dictionary<string, KnownEvent> _known;
    private readonly IReadOnlySet<string> _missing;
    private readonly IReadOnlySet<string> _awaited;

    private Arrivals(ActiveRoom room, Dictionary<string, KnownEvent> known, IReadOnlySet<string> missing, IReadOnlySet<string> awaited) =>
        (_room, _known, _missing, _awaited) = (room, known, missing, awaited);

    public static async ValueTask<Arrivals> ReadAsync(ActiveRoom room, IReadOnlyCollection<string> eventIds)
    {
        var events = room.Services.Storage.Events;
        return new Arrivals(room, await room.Events.GetManyAsync(eventIds), await events.MissingAsync(room.RoomId, eventIds),
            await events.AwaitedAsync(eventIds));
    }

    /// <summary>The event if it is known by now; it may have come with an event before it.</summary>
    public KnownEvent? Find(string eventId) => _room.Events.FindPending(eventId) ?? _known.GetValueOrDefault(eventId);

    /// <summary>The event is missing in a gap of the history.</summary>
    public bool IsMissing(string eventId) => _missing.Contains(eventId) || _room.Events.IsMissing(eventId);

    /// <summary>A redaction of the event is stored that came before it.</summary>
    public bool IsAwaited(string eventId) => _awaited.Contains(eventId);
}
