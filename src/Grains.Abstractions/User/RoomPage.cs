using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>A page of room ids.</summary>
/// <param name="NextBatch">The token of the next page; null on the last.</param>
[GenerateSerializer, Immutable, Alias("RoomPage")]
public sealed record RoomPage([property: Id(0)] ImmutableArray<string> RoomIds, [property: Id(1)] string? NextBatch, [property: Id(2)] int Total);
