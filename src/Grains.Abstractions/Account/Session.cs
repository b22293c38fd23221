namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>What an access token stands for.</summary>
/// <param name="Requester">Who asks.</param>
/// <param name="Locked">The account is locked: all it may do is log out (C-S API, Account locking).</param>
/// <param name="ExpiresAt">When the access token ends, in milliseconds since 1970; null: it does not.</param>
[GenerateSerializer, Immutable, Alias("Session")]
public sealed record Session([property: Id(0)] Requester Requester, [property: Id(1)] bool Locked, [property: Id(2)] long? ExpiresAt = null);
