using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>What reading of rooms needs; one per silo, thread-safe.</summary>
public sealed class ReadServices(IStorage storage, StateNodeCache nodes, LargeAnswers answers, TimeProvider time, ILogger<ReadServices> logger)
{
    public IStorage Storage { get; } = storage;
    public StateMap States { get; } = new(nodes);
    public RoomVersionCache Versions { get; } = new(storage.Rooms);
    public RoomLevels Levels { get; } = new();
    public ErasedUsers Erased { get; } = new(storage);
    public TimeProvider Time { get; } = time;
    public LargeAnswers Answers { get; } = answers;
    public ILogger Logger { get; } = logger;

    /// <summary>Milliseconds since the epoch.</summary>
    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// Whether stored JSON is an object (or a list) that can be written into an answer. If not it is told in the log, and the one thing is left out: it must
    /// not take the answer down that it would be a part of.
    /// </summary>
    public bool IsReadable(ReadOnlyMemory<byte> json, string what, string owner, bool isList = false)
    {
        if (JsonText.IsReadable(json.Span) && json.Span[0] == (isList ? '[' : '{'))
            return true;
        ReadLog.Unreadable(Logger, what, owner);
        return false;
    }
}
