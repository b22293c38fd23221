using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>A local account: its row, devices, tokens and profile. Key: user id. The only writer of these.</summary>
[Alias("IAccountGrain"), GrainInterfaceType("IAccountGrain")]
public interface IAccountGrain : IGrainWithStringKey
{
    /// <summary>The session of an access token: M_UNKNOWN_TOKEN (soft_logout if it only expired).</summary>
    /// <param name="tokenHash">SHA-256 of the token.</param>
    /// <param name="address">The client's address, for last_seen_ip; may be empty.</param>
    [AlwaysInterleave]
    [Alias("Authenticate")]
    ValueTask<Outcome<Session>> Authenticate(ReadOnlyMemory<byte> tokenHash, string address, string userAgent);

    /// <summary>True if an account of this id exists, deactivated ones too: its name cannot be given out again.</summary>
    [Alias("Exists")]
    Task<bool> Exists();

    /// <summary>Creates the account and, unless told not to, logs it in: M_USER_IN_USE.</summary>
    [Alias("Register")]
    Task<Outcome<Credentials>> Register(NewAccount account);

    /// <summary>Whether the access token is that of this account, and the account a guest's.</summary>
    [Alias("HasGuestToken")]
    Task<bool> HasGuestToken(ReadOnlyMemory<byte> tokenHash);

    /// <summary>Makes a guest's account a user's (C-S API, Guest access): M_FORBIDDEN unless <see cref="HasGuestToken"/>.</summary>
    [Alias("UpgradeGuest")]
    Task<Outcome<Credentials>> UpgradeGuest(ReadOnlyMemory<byte> tokenHash, NewAccount account);

    /// <summary>Logs in with a password: M_FORBIDDEN for a wrong password or user alike, M_USER_DEACTIVATED, M_LIMIT_EXCEEDED.</summary>
    [Alias("LogInWithPassword")]
    Task<Outcome<Credentials>> LogInWithPassword(string password, NewSession session);

    /// <summary>Logs in with a token of <see cref="CreateLoginToken"/>, which is used up by it: M_FORBIDDEN.</summary>
    [Alias("LogInWithToken")]
    Task<Outcome<Credentials>> LogInWithToken(ReadOnlyMemory<byte> tokenHash, NewSession session);

    /// <summary>Checks the password for user-interactive authentication: M_FORBIDDEN, M_LIMIT_EXCEEDED.</summary>
    [Alias("VerifyPassword")]
    Task<Outcome<Nothing>> VerifyPassword(string password);

    /// <summary>A short-lived token to log another device in with (C-S API, login/get_token).</summary>
    [Alias("CreateLoginToken")]
    Task<Outcome<ExpiringToken>> CreateLoginToken();

    /// <summary>Trades a refresh token: M_UNKNOWN_TOKEN.</summary>
    [Alias("Refresh")]
    Task<Outcome<Credentials>> Refresh(ReadOnlyMemory<byte> tokenHash);

    /// <summary>Deletes devices with their tokens, keys and waiting messages; ids that do not exist are passed over.</summary>
    [Alias("DeleteDevices")]
    Task<Outcome<Nothing>> DeleteDevices(ImmutableArray<string> deviceIds);

    /// <summary>Deletes all devices.</summary>
    [Alias("LogOutAll")]
    Task<Outcome<Nothing>> LogOutAll();

    /// <summary>The answer of <c>GET /devices</c>.</summary>
    [Alias("GetDevices")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetDevices();

    /// <summary>The answer of <c>GET /devices/{deviceId}</c>: M_NOT_FOUND.</summary>
    [Alias("GetDevice")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetDevice(string deviceId);

    /// <summary>Renames a device: M_NOT_FOUND. Null leaves the name as it is.</summary>
    [Alias("UpdateDevice")]
    Task<Outcome<Nothing>> UpdateDevice(string deviceId, string? displayName);

    /// <summary>Sets a password; deletes all devices but <paramref name="keepDevice"/> if <paramref name="logOutDevices"/>.</summary>
    [Alias("ChangePassword")]
    Task<Outcome<Nothing>> ChangePassword(string newPassword, bool logOutDevices, string? keepDevice);

    /// <summary>Closes the account for good: logs it out everywhere, forgets password and profile, leaves all rooms.</summary>
    /// <param name="erase">Deletes the user's private data too, and shows what the user sent only to who was there (C-S API, account/deactivate).</param>
    [Alias("Deactivate")]
    Task<Outcome<Nothing>> Deactivate(bool erase);

    /// <summary>The account's flags: M_NOT_FOUND.</summary>
    [AlwaysInterleave]
    [Alias("GetStatus")]
    Task<Outcome<AccountStatus>> GetStatus();

    /// <summary>Locks or unlocks the account.</summary>
    [Alias("SetLocked")]
    Task<Outcome<Nothing>> SetLocked(bool locked);

    /// <summary>Suspends the account or lifts that.</summary>
    [Alias("SetSuspended")]
    Task<Outcome<Nothing>> SetSuspended(bool suspended);

    /// <summary>Makes the account a server administrator or takes that away.</summary>
    [Alias("SetAdmin")]
    Task<Outcome<Nothing>> SetAdmin(bool admin);

    /// <summary>The answer of <c>GET /admin/whois/{userId}</c>: M_NOT_FOUND.</summary>
    [Alias("WhoIs")]
    Task<Outcome<ReadOnlyMemory<byte>>> WhoIs();

    /// <summary>The profile, a JSON object: M_NOT_FOUND without an account.</summary>
    [AlwaysInterleave]
    [Alias("GetProfile")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetProfile();

    /// <summary>The object with the one field: M_NOT_FOUND if it is not set.</summary>
    [AlwaysInterleave]
    [Alias("GetProfileField")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetProfileField(string key);

    /// <summary>Sets a profile field (null deletes it) and tells the user's rooms of a new display name or avatar: M_PROFILE_TOO_LARGE.</summary>
    [Alias("SetProfileField")]
    Task<Outcome<Nothing>> SetProfileField(string key, ReadOnlyMemory<byte>? valueJson);

    /// <summary>A token that proves to a third party who the user is (C-S API, OpenID).</summary>
    [Alias("CreateOpenIdToken")]
    Task<Outcome<ExpiringToken>> CreateOpenIdToken();

    /// <summary>True if the token is one of <see cref="CreateOpenIdToken"/> and has not expired.</summary>
    [Alias("HasOpenIdToken")]
    Task<bool> HasOpenIdToken(ReadOnlyMemory<byte> tokenHash);

    /// <summary>Goes on with having taken away what other grains have of devices that are gone.</summary>
    [OneWay]
    [Alias("CleanUp")]
    Task CleanUp();
}
