using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>Begins an account's sessions, and goes on with them by their refresh tokens (C-S API, Login and Refreshing access tokens).</summary>
/// <param name="storage">Forgets login tokens.</param>
/// <param name="tokens">Makes tokens.</param>
/// <param name="changes">Logs out what too many devices leave no room for.</param>
/// <param name="cleanup">Ends what a device was before.</param>
/// <param name="time">The clock.</param>
/// <param name="changeAsync">Changes the account as it is by then.</param>
/// <param name="commitAsync">Commits as the account.</param>
internal sealed class AccountLogin(
    IStorage storage, TokenIssuer tokens, AccountChanges changes, AccountCleanup cleanup, TimeProvider time,
    Func<Func<WriteUnit, AccountState, Credentials>, Task<Outcome<Credentials>>> changeAsync, Func<Action<WriteUnit>, Task> commitAsync)
{
    /// <summary>Logs somebody in who is known to be the user; M_FORBIDDEN for a device ID that is that of a cross-signing key.</summary>
    public async Task<Outcome<Credentials>> RunAsync(AccountState account, NewSession session)
    {
        if (session.DeviceId is not { } id || account.Devices.ContainsKey(id))
            return await changeAsync((unit, state) => LogIn(unit, state, session));
        if (await tokens.IsCrossSigningKeyAsync(id))
            return MatrixError.Forbidden("The device ID is the ID of a cross-signing key");

        // A device that comes back must not lose what it makes now to the end of its former self.
        if (account.Departing.Contains(id))
            await cleanup.RunAsync(account);
        return await changeAsync((unit, state) => LogIn(unit, state, session));
    }

    /// <summary>Logs in by a login token, which is gone then; M_FORBIDDEN if there is none, M_USER_LOCKED.</summary>
    public async Task<Outcome<Credentials>> RunAsync(AccountState? account, ReadOnlyMemory<byte> tokenHash, NewSession session)
    {
        if (account?.Find(tokenHash, TokenKind.Login) is not { } entry || entry.Row.ExpiresAt <= time.GetUtcNow().ToUnixTimeMilliseconds())
            return MatrixError.Forbidden("Invalid login token");
        await commitAsync(unit =>
        {
            storage.Accounts.DeleteToken(unit, entry.Row.Hash);
            account.Remove(entry.Row);
        });
        return account.Row.Locked ? MatrixError.UserLocked() : await RunAsync(account, session);
    }

    /// <summary>New tokens for a refresh token; M_UNKNOWN_TOKEN, M_USER_LOCKED.</summary>
    public async Task<Outcome<Credentials>> RefreshAsync(AccountState? account, ReadOnlyMemory<byte> tokenHash)
    {
        if (account?.Find(tokenHash, TokenKind.Refresh) is not { } entry)
            return MatrixError.UnknownToken(message: "Unknown refresh token");
        if (account.Row.Locked)
            return MatrixError.UserLocked();
        Credentials? credentials = null;
        await commitAsync(unit =>
        {
            tokens.Retire(unit, account, entry.Row);
            credentials = tokens.Refresh(unit, account, entry.Row);
        });
        return credentials!;
    }

    /// <summary>Logs in within a change that does more.</summary>
    public Credentials LogIn(WriteUnit unit, AccountState state, NewSession session)
    {
        var credentials = tokens.LogIn(unit, state, session);
        changes.DeleteUnseen(unit, state, keep: credentials.DeviceId!);
        return credentials;
    }
}
