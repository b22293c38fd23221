namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>What a registration, login or refresh gives. The tokens are null for a registration that asked for no login.</summary>
/// <param name="ExpiresInMs">Lifetime of the access token in milliseconds; null: it does not expire.</param>
[GenerateSerializer, Immutable, Alias("Credentials")]
public sealed record Credentials(
    [property: Id(0)] string UserId,
    [property: Id(1)] string? DeviceId,
    [property: Id(2)] string? AccessToken,
    [property: Id(3)] string? RefreshToken,
    [property: Id(4)] long? ExpiresInMs);

/// <summary>The session that a login asks for.</summary>
/// <param name="DeviceId">Null: a new device.</param>
/// <param name="RefreshToken">The client can refresh: give it a token that expires, and one to refresh with.</param>
[GenerateSerializer, Immutable, Alias("NewSession")]
public sealed record NewSession(
    [property: Id(0)] string? DeviceId,
    [property: Id(1)] string? DisplayName,
    [property: Id(2)] bool RefreshToken,
    [property: Id(3)] string Address,
    [property: Id(4)] string UserAgent);

/// <summary>An account to create.</summary>
/// <param name="Password">Null: no password login (guests, application services).</param>
/// <param name="Session">Null: do not log in.</param>
[GenerateSerializer, Immutable, Alias("NewAccount")]
public sealed record NewAccount(
    [property: Id(0)] string? Password,
    [property: Id(1)] bool IsAdmin,
    [property: Id(2)] bool IsGuest,
    [property: Id(3)] string? AppServiceId,
    [property: Id(4)] string? DisplayName,
    [property: Id(5)] NewSession? Session);

/// <summary>A secret and its lifetime in milliseconds.</summary>
[GenerateSerializer, Immutable, Alias("ExpiringToken")]
public sealed record ExpiringToken([property: Id(0)] string Token, [property: Id(1)] long ExpiresInMs);

/// <summary>The flags of an account.</summary>
[GenerateSerializer, Immutable, Alias("AccountStatus")]
public sealed record AccountStatus(
    [property: Id(0)] bool IsAdmin,
    [property: Id(1)] bool IsGuest,
    [property: Id(2)] bool Deactivated,
    [property: Id(3)] bool Locked,
    [property: Id(4)] bool Suspended);
