using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>Local accounts, tokens, profiles and registration tokens.</summary>
internal sealed class AccountStore(ISqlDatabase database) : IAccountStore
{
    public ValueTask<AccountRow?> GetAsync(string userId, CancellationToken cancellationToken = default) =>
        database.FirstAsync(AccountStatements.Get, AccountStatements.ReadAccount, cancellationToken, userId);

    public void Create(WriteUnit unit, AccountRow row)
    {
        Put(unit, AccountStatements.Create, row);
        if (!row.IsGuest) UserDirectory.Put(unit, row.UserId, null, null);
    }

    public void Update(WriteUnit unit, AccountRow row)
    {
        Put(unit, AccountStatements.Update, row);
        if (row.Deactivated) UserDirectory.Remove(unit, row.UserId);
    }

    public ValueTask<IReadOnlyList<string>> ErasedAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync(AccountStatements.Erased, static row => row.Text(0), cancellationToken).AsReadOnly();

    public void AddCleanup(WriteUnit unit, string userId, string deviceId) => unit.Add(AccountStatements.AddCleanup, userId, deviceId);

    public void RemoveCleanup(WriteUnit unit, string userId, string deviceId) => unit.Add(AccountStatements.RemoveCleanup, userId, deviceId);

    public ValueTask<IReadOnlyList<string>> CleanupsAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(AccountStatements.Cleanups, static row => row.Text(0), cancellationToken, userId).AsReadOnly();

    public ValueTask<IReadOnlyList<string>> UsersToCleanUpAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync(AccountStatements.UsersToCleanUp, static row => row.Text(0), cancellationToken).AsReadOnly();

    public async ValueTask<long> CountAsync(CancellationToken cancellationToken = default) =>
        (await database.QueryAsync(AccountStatements.Count, static row => row.Integer(0), cancellationToken).ConfigureAwait(false))[0];

    public async ValueTask<IReadOnlySet<string>> ExistingAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellationToken = default) =>
        (await database.QueryListAsync(AccountStatements.Existing, static row => row.Text(0), userIds, cancellationToken).ConfigureAwait(false))
        .ToHashSet(StringComparer.Ordinal);

    public ValueTask<IReadOnlyList<AccountRow>> ListAsync(string? afterUserId, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(AccountStatements.List, AccountStatements.ReadAccount, cancellationToken, afterUserId ?? "", limit).AsReadOnly();

    public void PutToken(WriteUnit unit, TokenRow row) =>
        unit.Add(AccountStatements.PutToken, row.Hash, (long)row.Kind, row.UserId, row.DeviceId, row.ExpiresAt, row.RefreshHash);

    public void DeleteToken(WriteUnit unit, ReadOnlyMemory<byte> hash) => unit.Add(AccountStatements.DeleteToken, hash);

    public void DeleteTokens(WriteUnit unit, string userId, string? deviceId)
    {
        if (deviceId is null) unit.Add(AccountStatements.DeleteTokensOfUser, userId);
        else unit.Add(AccountStatements.DeleteTokensOfDevice, userId, deviceId);
    }

    public ValueTask<IReadOnlyList<TokenRow>> TokensOfUserAsync(string userId, CancellationToken cancellationToken = default) =>
        database.QueryAsync(AccountStatements.TokensOfUser, AccountStatements.ReadToken, cancellationToken, userId).AsReadOnly();

    public ValueTask<TokenRow?> FindTokenAsync(ReadOnlyMemory<byte> hash, CancellationToken cancellationToken = default) =>
        database.FirstAsync(AccountStatements.FindToken, AccountStatements.ReadToken, cancellationToken, hash);

    public Task PruneTokensAsync(long before, CancellationToken cancellationToken = default)
    {
        var unit = new WriteUnit();
        unit.Add(AccountStatements.PruneTokens, before);
        return database.CommitAsync(unit);
    }

    public async ValueTask<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> GetProfileAsync(string userId, CancellationToken cancellationToken = default) =>
        (await database.QueryAsync(
            AccountStatements.GetProfile, static row => KeyValuePair.Create(row.Text(0), (ReadOnlyMemory<byte>)row.Blob(1)), cancellationToken,
                userId).ConfigureAwait(false))
        .ToDictionary(StringComparer.Ordinal);

    public void PutProfileField(WriteUnit unit, string userId, string key, ReadOnlyMemory<byte>? value)
    {
        if (value is { } json) unit.Add(AccountStatements.PutProfile, userId, SqlText.Key(key), key, json);
        else unit.Add(AccountStatements.DeleteProfile, userId, SqlText.Key(key));
        if (key == "displayname") UserDirectory.Rename(unit, userId, TextOf(value));
        else if (key == "avatar_url") UserDirectory.SetAvatar(unit, userId, TextOf(value));
    }

    public ValueTask<IReadOnlyList<(string UserId, string? DisplayName, string? AvatarUrl)>> SearchUsersAsync(
        string searcher, string term, int limit, CancellationToken cancellationToken = default) =>
        database.QueryAsync(
            UserDirectory.Search, static row => (row.Text(0), row.TextOrNull(1), row.TextOrNull(2)), cancellationToken, searcher,
                SqlText.ContainsPattern(term), limit,
            searcher[(searcher.IndexOf(':', StringComparison.Ordinal) + 1)..]).AsReadOnly();

    public void UseNonce(WriteUnit unit, string nonce, long expiresAt, long now)
    {
        unit.Add(AccountStatements.PruneNonces, now);
        unit.Add(AccountStatements.UseNonce, nonce, expiresAt);
    }

    public void PutRegistrationToken(WriteUnit unit, RegistrationTokenRow row) =>
        unit.Add(AccountStatements.PutRegistrationToken, SqlText.Key(row.Token), row.Token, row.UsesAllowed, row.Completed, row.ExpiresAt);

    public void DeleteRegistrationToken(WriteUnit unit, string token) => unit.Add(AccountStatements.DeleteRegistrationToken, SqlText.Key(token));

    public ValueTask<RegistrationTokenRow?> GetRegistrationTokenAsync(string token, CancellationToken cancellationToken = default) =>
        database.FirstAsync(AccountStatements.GetRegistrationToken, AccountStatements.ReadRegistrationToken, cancellationToken, SqlText.Key(token));

    public ValueTask<IReadOnlyList<RegistrationTokenRow>> ListRegistrationTokensAsync(CancellationToken cancellationToken = default) =>
        database.QueryAsync(AccountStatements.ListRegistrationTokens, AccountStatements.ReadRegistrationToken, cancellationToken).AsReadOnly();

    private static void Put(WriteUnit unit, Statement statement, AccountRow row) =>
        unit.Add(statement, row.UserId, row.PasswordHash, row.IsAdmin, row.IsGuest, row.Deactivated, row.Locked, row.Suspended, row.AppServiceId,
            row.CreatedAt, row.Erased);

    private static string? TextOf(ReadOnlyMemory<byte>? json)
    {
        if (json is not { } value) return null;
        var reader = JsonText.Reader(value.Span);
        return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
    }
}
