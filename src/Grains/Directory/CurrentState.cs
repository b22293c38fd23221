using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>Reads rooms' committed current state, whoever may see it.</summary>
public sealed class CurrentState(IStorage storage, StateNodeCache cache)
{
    private readonly StateMap _map = new(cache);

    /// <summary>The state event of a pair; null if the room or the event is not there.</summary>
    public async ValueTask<EventRow?> GetAsync(string roomId, string type, string stateKey) =>
        await storage.Rooms.GetAsync(roomId) is { } room && await _map.GetAsync(room.State, type, stateKey) is { } eventId
            ? await storage.Events.GetAsync(eventId)
            : null;

    /// <summary>The state events of a type, members left out; at most <paramref name="limit"/>.</summary>
    public async ValueTask<IReadOnlyList<EventRow>> OfTypeAsync(string roomId, string type, int limit)
    {
        if (await storage.Rooms.GetAsync(roomId) is not { } room)
            return [];
        var entries = await _map.ListAsync(room.State, StatePart.NonMembers);
        var ids = entries.Where(e => e.Type == type).Select(e => e.EventId).Take(limit).ToList();
        return ids.Count == 0 ? [] : await storage.Events.GetManyAsync(ids);
    }
}
