namespace OrleansMatrix.Grains.Abstractions.Room;

/// <summary>A state event to send.</summary>
/// <param name="Content">A JSON object.</param>
/// <param name="Timestamp">For application services: milliseconds since the epoch; null: now.</param>
[GenerateSerializer, Immutable, Alias("StateToSet")]
public sealed record StateToSet(
    [property: Id(0)] Requester Requester, [property: Id(1)] string Type, [property: Id(2)] string StateKey, [property: Id(3)] ReadOnlyMemory<byte> Content,
    [property: Id(4)] long? Timestamp = null);
