using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>The power levels of rooms, which all who read a room have in common. Bounded; one per silo, thread-safe.</summary>
public sealed class RoomLevels
{
    private const long MaxBytes = 8 << 20;

    // Of the objects that each byte of the event's JSON becomes.
    private const int BytesForEach = 4;
    private readonly LruCache<(string RoomId, string EventId), (PowerLevels Levels, long Weight)> _levels = new(MaxBytes, static entry => entry.Weight);

    /// <summary>The power levels in a state of the room.</summary>
    public async ValueTask<PowerLevels> AtAsync(RoomView room, StateNodeId state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(room);
        var id = await room.Services.States.GetAsync(state, EventTypes.PowerLevels, "", cancellationToken) ?? "";
        if (_levels.TryGet((room.RoomId, id), out var known))
            return known.Levels;
        var create = await room.StateEventAsync(state, EventTypes.Create, "", cancellationToken);
        var levels = await room.StateEventAsync(state, EventTypes.PowerLevels, "", cancellationToken);
        known = (PowerLevels.Of(room.Version, create, levels), BytesForEach * (1 + (long)(create?.Json.Length ?? 0) + (levels?.Json.Length ?? 0)));
        // Only the create event itself comes before that.
        if (create is not null)
            _levels.Set((room.RoomId, id), known);
        return known.Levels;
    }
}
