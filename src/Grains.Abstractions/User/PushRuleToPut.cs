namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>A push rule to add or to change.</summary>
/// <param name="Body">The request's body, a JSON object.</param>
/// <param name="Before">The id of the rule that is to follow; null for none.</param>
/// <param name="After">The id of the rule that is to go before; null for none.</param>
[GenerateSerializer, Immutable, Alias("PushRuleToPut")]
public sealed record PushRuleToPut(
    [property: Id(0)] string Kind, [property: Id(1)] string RuleId, [property: Id(2)] ReadOnlyMemory<byte> Body, [property: Id(3)] string? Before,
    [property: Id(4)] string? After);
