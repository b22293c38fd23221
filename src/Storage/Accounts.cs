namespace OrleansMatrix.Storage;

/// <summary>A local account.</summary>
/// <param name="PasswordHash">ASP.NET Core Identity's format; null: no password login.</param>
/// <param name="CreatedAt">Milliseconds since the epoch.</param>
/// <param name="Erased">Deactivated with <c>erase</c>: what it sent is only for who was there.</param>
public sealed record AccountRow(
    string UserId, string? PasswordHash, bool IsAdmin, bool IsGuest, bool Deactivated, bool Locked, bool Suspended, string? AppServiceId, long CreatedAt,
    bool Erased = false);

/// <summary>An access token or refresh token, hashed.</summary>
/// <param name="Hash">SHA-256 of the token.</param>
/// <param name="ExpiresAt">Milliseconds since the epoch; null: never.</param>
/// <param name="RefreshHash">For an access token: the hash of the refresh token that renews it.</param>
public sealed record TokenRow(ReadOnlyMemory<byte> Hash, TokenKind Kind, string UserId, string DeviceId, long? ExpiresAt, ReadOnlyMemory<byte>? RefreshHash);

public enum TokenKind { Access = 1, Refresh = 2, Login = 3, OpenId = 4 }

/// <summary>A registration token (CS API, token-authenticated registration).</summary>
public sealed record RegistrationTokenRow(string Token, int? UsesAllowed, int Completed, long? ExpiresAt);

public interface IAccountStore
{
    ValueTask<AccountRow?> GetAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>The commit fails with <see cref="ConflictException"/> if the user id is taken.</summary>
    void Create(WriteUnit unit, AccountRow row);
    void Update(WriteUnit unit, AccountRow row);
    /// <summary>The ids of the accounts that are <see cref="AccountRow.Erased"/>; who sets the flag announces <see cref="ChangeKind.Erasure"/>.</summary>
    ValueTask<IReadOnlyList<string>> ErasedAsync(CancellationToken cancellationToken = default);
    /// <summary>Notes that other grains have to take away what they have of a device, or (empty id) of the user.</summary>
    void AddCleanup(WriteUnit unit, string userId, string deviceId);
    void RemoveCleanup(WriteUnit unit, string userId, string deviceId);
    /// <summary>What is noted of a user.</summary>
    ValueTask<IReadOnlyList<string>> CleanupsAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>The users of whom something is noted.</summary>
    ValueTask<IReadOnlyList<string>> UsersToCleanUpAsync(CancellationToken cancellationToken = default);
    ValueTask<long> CountAsync(CancellationToken cancellationToken = default);
    /// <summary>Those of the users who have an account, whatever became of it.</summary>
    ValueTask<IReadOnlySet<string>> ExistingAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default);
    ValueTask<IReadOnlyList<AccountRow>> ListAsync(string? afterUserId, int limit, CancellationToken cancellationToken = default);

    void PutToken(WriteUnit unit, TokenRow row);
    void DeleteToken(WriteUnit unit, ReadOnlyMemory<byte> hash);
    /// <summary>Deletes the access and refresh tokens of a device; null: of all the user's devices.</summary>
    void DeleteTokens(WriteUnit unit, string userId, string? deviceId);
    ValueTask<IReadOnlyList<TokenRow>> TokensOfUserAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>Deletes tokens that expired before the time (ms since epoch).</summary>
    Task PruneTokensAsync(long before, CancellationToken cancellationToken = default);
    ValueTask<TokenRow?> FindTokenAsync(ReadOnlyMemory<byte> hash, CancellationToken cancellationToken = default);

    /// <summary>Profile fields by key; the values are JSON.</summary>
    ValueTask<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> GetProfileAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>Null <paramref name="value"/> deletes.</summary>
    void PutProfileField(WriteUnit unit, string userId, string key, ReadOnlyMemory<byte>? value);
    /// <summary>
    /// Local accounts and known remote members whose id or display name contains the term, ignoring case, if they share a room with the searcher or are in a
    /// room that anybody may join or read.
    /// </summary>
    ValueTask<IReadOnlyList<(string UserId, string? DisplayName, string? AvatarUrl)>> SearchUsersAsync(string searcher, string term, int limit,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Notes that a nonce was used, until <paramref name="expiresAt"/>, and forgets those that expired before <paramref name="now"/> (milliseconds since the
    /// epoch): the commit fails with <see cref="ConflictException"/> if it was used before.
    /// </summary>
    void UseNonce(WriteUnit unit, string nonce, long expiresAt, long now);

    void PutRegistrationToken(WriteUnit unit, RegistrationTokenRow row);
    void DeleteRegistrationToken(WriteUnit unit, string token);
    ValueTask<RegistrationTokenRow?> GetRegistrationTokenAsync(string token, CancellationToken cancellationToken = default);
    ValueTask<IReadOnlyList<RegistrationTokenRow>> ListRegistrationTokensAsync(CancellationToken cancellationToken = default);
}
