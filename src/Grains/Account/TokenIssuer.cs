using System.Text;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Device;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>Makes the tokens of an account. Each method changes the state in memory and buffers the same change in the unit.</summary>
internal sealed class TokenIssuer(IStorage storage, TimeProvider time, IRandom random, UserId user)
{
    // C-S API, login/get_token recommends two minutes.
    private const long LoginTokenMs = 2 * 60 * 1000;
    private const long OpenIdTokenMs = 60 * 60 * 1000;
    private const long RefreshableAccessTokenMs = 60 * 60 * 1000;
    private const int MaxPerKind = 100;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// Logs a device in. A device that exists loses the tokens it had (C-S API, Relationship between access tokens and devices); a new one is announced.
    /// </summary>
    public Credentials LogIn(WriteUnit unit, AccountState state, NewSession session)
    {
        var deviceId = session.DeviceId ?? DeviceId.Generate(random).Value;
        if (state.Devices.ContainsKey(deviceId))
        {
            storage.Accounts.DeleteTokens(unit, user.Value, deviceId);
            state.RemoveTokens(row => row.DeviceId == deviceId && row.Kind is TokenKind.Access or TokenKind.Refresh);
        }
        else
        {
            var device = new DeviceRow(user.Value, deviceId, session.DisplayName, session.Address, Now, session.UserAgent);
            storage.Devices.Put(unit, device);
            state.Devices[deviceId] = device;
            Announce(unit, deviceId);
        }

        return Issue(unit, state, deviceId, session.RefreshToken, predecessor: null);
    }

    /// <summary>True of the id of a cross-signing key of the user, for which a device of that id could be mistaken (C-S API, POST /login).</summary>
    public async Task<bool> IsCrossSigningKeyAsync(string deviceId)
    {
        var needle = Encoding.UTF8.GetBytes($"\"ed25519:{deviceId}\"");
        return (await storage.Keys.CrossSigningKeysAsync(user.Value)).Any(key => key.Json.Span.IndexOf(needle) >= 0);
    }

    /// <summary>The next generation of tokens after a refresh token, which stays valid until one of the new ones is used.</summary>
    public Credentials Refresh(WriteUnit unit, AccountState state, TokenRow refreshToken)
    {
        // An answer that never reached the client: its tokens give way to the ones made now.
        foreach (var entry in state.Tokens.Where(entry => IsSuccessor(entry.Row, refreshToken)).ToList())
            DeleteGeneration(unit, state, entry.Row);
        return Issue(unit, state, refreshToken.DeviceId, refreshable: true, refreshToken.Hash);
    }

    /// <summary>A generation is in use now: deletes the one that it replaced, if that is still there.</summary>
    public bool Retire(WriteUnit unit, AccountState state, TokenRow refreshToken)
    {
        if (refreshToken.RefreshHash is not { } old)
            return false;
        if (state.Find(old, TokenKind.Refresh) is { } predecessor)
            DeleteGeneration(unit, state, predecessor.Row);
        var row = refreshToken with { RefreshHash = null };
        storage.Accounts.PutToken(unit, row);
        state.Put(row);
        return true;
    }

    /// <summary>A token for one login within two minutes.</summary>
    public ExpiringToken CreateLoginToken(WriteUnit unit, AccountState state) =>
        CreateExpiring(unit, state, AccessToken.Login, TokenKind.Login, LoginTokenMs);

    /// <summary>A token for OpenID userinfo, valid for an hour.</summary>
    public ExpiringToken CreateOpenIdToken(WriteUnit unit, AccountState state) =>
        CreateExpiring(unit, state, AccessToken.OpenId, TokenKind.OpenId, OpenIdTokenMs);

    /// <summary>Tells the users and servers who see this one that a device of its changed.</summary>
    public void Announce(WriteUnit unit, string deviceId) => DeviceListUpdates.AddDevice(storage, unit, user.Value, deviceId);

    private Credentials Issue(WriteUnit unit, AccountState state, string deviceId, bool refreshable, ReadOnlyMemory<byte>? predecessor)
    {
        var access = AccessToken.Create(AccessToken.Access, user, random);
        if (!refreshable)
        {
            Put(unit, state, new TokenRow(AccessToken.Hash(access), TokenKind.Access, user.Value, deviceId, null, null));
            return new Credentials(user.Value, deviceId, access, null, null);
        }

        var refresh = AccessToken.Create(AccessToken.Refresh, user, random);
        var hash = AccessToken.Hash(refresh);
        Put(unit, state, new TokenRow(hash, TokenKind.Refresh, user.Value, deviceId, null, predecessor));
        Put(unit, state, new TokenRow(AccessToken.Hash(access), TokenKind.Access, user.Value, deviceId, Now + RefreshableAccessTokenMs, hash));
        return new Credentials(user.Value, deviceId, access, refresh, RefreshableAccessTokenMs);
    }

    private ExpiringToken CreateExpiring(WriteUnit unit, AccountState state, string prefix, TokenKind kind, long lifetime)
    {
        var ofKind = state.Tokens.Where(entry => entry.Row.Kind == kind).OrderBy(static entry => entry.Row.ExpiresAt).ToList();
        foreach (var entry in ofKind.Where((entry, i) => entry.Row.ExpiresAt <= Now || i <= ofKind.Count - MaxPerKind))
            Delete(unit, state, entry.Row);
        var token = AccessToken.Create(prefix, user, random);
        Put(unit, state, new TokenRow(AccessToken.Hash(token), kind, user.Value, "", Now + lifetime, null));
        return new ExpiringToken(token, lifetime);
    }

    private static bool IsSuccessor(TokenRow row, TokenRow of) =>
        row is { Kind: TokenKind.Refresh, RefreshHash: { } hash } && hash.Span.SequenceEqual(of.Hash.Span);

    // A refresh token and the access tokens that it renews.
    private void DeleteGeneration(WriteUnit unit, AccountState state, TokenRow refreshToken)
    {
        var rows = state.Tokens.Select(static entry => entry.Row)
            .Where(row => row is { Kind: TokenKind.Access, RefreshHash: { } hash } && hash.Span.SequenceEqual(refreshToken.Hash.Span)).ToList();
        foreach (var row in rows)
            Delete(unit, state, row);
        Delete(unit, state, refreshToken);
    }

    private void Put(WriteUnit unit, AccountState state, TokenRow row)
    {
        storage.Accounts.PutToken(unit, row);
        state.Put(row);
    }

    private void Delete(WriteUnit unit, AccountState state, TokenRow row)
    {
        storage.Accounts.DeleteToken(unit, row.Hash);
        state.Remove(row);
    }
}
