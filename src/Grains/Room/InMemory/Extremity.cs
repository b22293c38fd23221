using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.InMemory;

/// <summary>A newest event of the room, which no other one names as a previous event, with the state after it.</summary>
internal sealed record Extremity(string EventId, long Depth, StateNodeId StateAfter);
