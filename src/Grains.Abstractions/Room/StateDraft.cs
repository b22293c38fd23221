namespace OrleansMatrix.Grains.Abstractions.Room;

/// <summary>A state event that is not built yet.</summary>
/// <param name="Content">A JSON object.</param>
[GenerateSerializer, Immutable, Alias("StateDraft")]
public sealed record StateDraft([property: Id(0)] string Type, [property: Id(1)] string StateKey, [property: Id(2)] ReadOnlyMemory<byte> Content);
