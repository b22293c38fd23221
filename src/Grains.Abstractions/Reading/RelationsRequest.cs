using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Reading;

/// <summary>The parameters of <c>GET …/relations/{eventId}[/{relType}[/{eventType}]]</c>.</summary>
[GenerateSerializer, Immutable, Alias("RelationsRequest")]
public sealed record RelationsRequest(
    [property: Id(0)] Requester Requester, [property: Id(1)] EventId EventId, [property: Id(2)] string? RelType, [property: Id(3)] string? EventType,
    [property: Id(4)] string? From, [property: Id(5)] string? To, [property: Id(6)] bool Backward, [property: Id(7)] int Limit, [property: Id(8)] bool Recurse);
