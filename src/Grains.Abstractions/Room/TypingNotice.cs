using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Room;

/// <param name="TimeoutMs">How long the notice holds if it is not renewed, milliseconds; bounded by the room.</param>
[GenerateSerializer, Immutable, Alias("TypingNotice")]
public sealed record TypingNotice([property: Id(0)] UserId UserId, [property: Id(1)] bool Typing, [property: Id(2)] long TimeoutMs);
