namespace OrleansMatrix.Grains.Abstractions.Room;

/// <summary>A redaction to send.</summary>
/// <param name="Content">Further members of the redaction's content as a JSON object (<c>reason</c> and what the client added); null for none.</param>
[GenerateSerializer, Immutable, Alias("EventToRedact")]
public sealed record EventToRedact(
    [property: Id(0)] Requester Requester, [property: Id(1)] string EventId, [property: Id(2)] ReadOnlyMemory<byte>? Content,
    [property: Id(3)] string? TransactionId);
