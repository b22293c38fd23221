using System.Collections.Immutable;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>Who may register, and registering. Key: <see cref="Key"/>.</summary>
[Alias("IRegistrationGrain"), GrainInterfaceType("IRegistrationGrain")]
public interface IRegistrationGrain : IGrainWithStringKey
{
    /// <summary>The one key.</summary>
    const string Key = "server";

    /// <summary>How long a nonce of shared-secret registration is good for, in milliseconds.</summary>
    const long NonceMs = 60_000;

    /// <summary>The flows by which a user may register now: M_FORBIDDEN if registration is off.</summary>
    [Alias("GetFlows")]
    Task<Outcome<ImmutableArray<UiaFlow>>> GetFlows();

    /// <summary>The user id that a user name gives: M_INVALID_USERNAME, M_USER_IN_USE.</summary>
    /// <param name="username">The name.</param>
    /// <param name="guestToken">SHA-256 of the access token of the guest who is to become this user: M_FORBIDDEN if that is another.</param>
    [Alias("CheckUsername")]
    Task<Outcome<string>> CheckUsername(string username, ReadOnlyMemory<byte>? guestToken);

    /// <summary>
    /// Registers a user who has completed a flow: the errors of <see cref="CheckUsername"/>, M_FORBIDDEN if the token has no use left, 400 M_UNKNOWN if the
    /// nonce was used.
    /// </summary>
    [Alias("RegisterUser")]
    Task<Outcome<Credentials>> RegisterUser(Registration registration);

    /// <summary>Registers a guest: M_FORBIDDEN if guests are not allowed.</summary>
    [Alias("RegisterGuest")]
    Task<Outcome<Credentials>> RegisterGuest(NewSession session);

    /// <summary>True if a registration token can be used now: M_FORBIDDEN if registration is off for tokens too.</summary>
    [Alias("IsTokenValid")]
    Task<Outcome<bool>> IsTokenValid(string token);
}

/// <summary>A user to register.</summary>
/// <param name="Username">Null: the server picks one.</param>
/// <param name="Token">The registration token that the user gave; it loses one use.</param>
/// <param name="GuestToken">SHA-256 of the access token of the guest who becomes this user.</param>
/// <param name="Nonce">
/// What may be used for one registration only, whether that succeeds or not; expires within <see cref="IRegistrationGrain.NonceMs"/>.
/// </param>
[GenerateSerializer, Immutable, Alias("Registration")]
public sealed record Registration(
    [property: Id(0)] string? Username, [property: Id(1)] NewAccount Account, [property: Id(2)] string? Token,
    [property: Id(3)] ReadOnlyMemory<byte>? GuestToken, [property: Id(4)] string? Nonce = null);
