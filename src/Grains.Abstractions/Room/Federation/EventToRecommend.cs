using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <summary>An event for which another server wants the policy server's signature.</summary>
/// <param name="Origin">The asking server.</param>
[GenerateSerializer, Immutable, Alias("EventToRecommend")]
public sealed record EventToRecommend([property: Id(0)] ServerName Origin, [property: Id(1)] ReadOnlyMemory<byte> Event);
