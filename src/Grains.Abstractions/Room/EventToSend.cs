namespace OrleansMatrix.Grains.Abstractions.Room;

/// <summary>A message event to send.</summary>
/// <param name="Content">A JSON object.</param>
/// <param name="TransactionId">Null for events that the server itself sends.</param>
/// <param name="Timestamp">For application services: milliseconds since the epoch; null: now.</param>
[GenerateSerializer, Immutable, Alias("EventToSend")]
public sealed record EventToSend(
    [property: Id(0)] Requester Requester, [property: Id(1)] string Type, [property: Id(2)] ReadOnlyMemory<byte> Content,
    [property: Id(3)] string? TransactionId, [property: Id(4)] long? Timestamp = null);
