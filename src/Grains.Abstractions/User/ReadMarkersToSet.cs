using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>The body of <c>POST …/read_markers</c>: event ids, each null if it is not to be set.</summary>
[GenerateSerializer, Immutable, Alias("ReadMarkersToSet")]
public sealed record ReadMarkersToSet(
    [property: Id(0)] RoomId RoomId, [property: Id(1)] string? FullyRead, [property: Id(2)] string? Read, [property: Id(3)] string? ReadPrivate);
