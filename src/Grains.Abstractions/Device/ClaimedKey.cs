namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>A one-time or fallback key handed out.</summary>
/// <param name="KeyId">With the algorithm: <c>signed_curve25519:AAAAHg</c>.</param>
/// <param name="Json">The key as uploaded.</param>
[GenerateSerializer, Immutable, Alias("ClaimedKey")]
public sealed record ClaimedKey([property: Id(0)] string KeyId, [property: Id(1)] ReadOnlyMemory<byte> Json);
