using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The newest event of a room that a user was told of.</summary>
/// <param name="StateAfter">The root of the room's state after it, if that is known without asking.</param>
public sealed record ToldEvent(string EventId, long Position, StateNodeId? StateAfter);

/// <summary>The newest told event of each room. Bounded; forgetting costs a query at worst.</summary>
public sealed class LastTold
{
    private const int Capacity = 1000;
    private readonly Dictionary<string, ToldEvent> _events = new(StringComparer.Ordinal);

    /// <summary>The newest told event, if a client that presents the position <paramref name="since"/> has it.</summary>
    public ToldEvent? Get(string roomId, long since) => _events.TryGetValue(roomId, out var told) && told.Position <= since ? told : null;

    public void Set(string roomId, ToldEvent told)
    {
        if (_events.Count >= Capacity)
            _events.Clear();
        _events[roomId] = told;
    }
}
