using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>What reading of rooms needs; one per silo, thread-safe.</summary>
public sealed class ReadServices(IStorage storage, StateNodeCache nodes, TimeProvider time)
{
    public IStorage Storage { get; } = storage;
    public StateMap States { get; } = new(nodes);
    public RoomVersionCache Versions { get; } = new(storage.Rooms);
    public RoomLevels Levels { get; } = new();
    public ErasedUsers Erased { get; } = new(storage);
    public TimeProvider Time { get; } = time;

    /// <summary>Milliseconds since the epoch.</summary>
    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();
}
