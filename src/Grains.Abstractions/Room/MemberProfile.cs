namespace OrleansMatrix.Grains.Abstractions.Room;

/// <summary>What a member event says of its user.</summary>
[GenerateSerializer, Immutable, Alias("MemberProfile")]
public sealed record MemberProfile([property: Id(0)] string UserId, [property: Id(1)] string? DisplayName, [property: Id(2)] string? AvatarUrl);
