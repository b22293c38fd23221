namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The newest event of each room that a user was told of lately. Bounded; forgetting costs nothing but a check.</summary>
public sealed class LastTold
{
    private const int Capacity = 1000;
    private readonly Dictionary<string, string> _events = new(StringComparer.Ordinal);

    public string? Get(string roomId) => _events.GetValueOrDefault(roomId);

    public void Set(string roomId, string eventId)
    {
        if (_events.Count >= Capacity)
            _events.Clear();
        _events[roomId] = eventId;
    }
}
