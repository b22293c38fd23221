using Microsoft.AspNetCore.Identity;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>
/// Checks one account's password, and slows the guessing of it: from one address, and from all addresses that no device of the user was seen at. So those who
/// guess do not lock the owner out. Accounts that do not exist are limited alike.
/// </summary>
/// <param name="passwords">Compares.</param>
/// <param name="time">The clock.</param>
/// <param name="isLimited">Guessing is slowed.</param>
internal sealed class PasswordCheck(Passwords passwords, TimeProvider time, bool isLimited)
{
    private static readonly MatrixError s_badLogin = MatrixError.Forbidden("Invalid username or password");
    private const int MostAddresses = 1000;
    private readonly FailureLimit _strangers = new(time, burst: 100, intervalMs: 1000);
    private readonly LruCache<string, FailureLimit> _byAddress = new(MostAddresses, static _ => 1);

    /// <summary>Why nothing is compared: too many wrong ones came; null if there were not.</summary>
    /// <param name="from">The address; empty: a session of the user, whoever guesses elsewhere.</param>
    /// <param name="isKnown">A device of the user was seen there.</param>
    public MatrixError? LimitOf(string from, bool isKnown)
    {
        if (!isLimited)
            return null;
        var wait = Math.Max(isKnown ? 0 : _strangers.Wait, _byAddress.TryGet(from, out var own) ? own.Wait : 0);
        return wait > 0 ? MatrixError.LimitExceeded(wait) : null;
    }

    /// <summary>Compares. That there is no account takes as long to tell as that its password is another.</summary>
    /// <param name="account">The account, null if there is none.</param>
    /// <param name="password">As it was given.</param>
    /// <param name="from">As of <see cref="LimitOf"/>.</param>
    /// <param name="isKnown">As of <see cref="LimitOf"/>.</param>
    /// <returns>Why the user may not go on; and a hash to keep in place of one that is weaker than those of today.</returns>
    public async Task<(MatrixError? Error, string? Better)> RunAsync(AccountRow? account, string password, string from, bool isKnown)
    {
        var hash = password.Length <= Passwords.MaxLength && account is { Deactivated: false } ? account.PasswordHash : null;
        var result = await passwords.VerifyAsync(hash, password.Length <= Passwords.MaxLength ? password : "");
        if (result is null)
            return (MatrixError.LimitExceeded(1000), null);
        if (result == PasswordVerificationResult.Failed || account is null)
        {
            Failed(from, isKnown);
            return (s_badLogin, null);
        }

        var better = result == PasswordVerificationResult.SuccessRehashNeeded ? await passwords.HashAsync(password) : null;
        return (account.Locked ? MatrixError.UserLocked() : null, better);
    }

    private void Failed(string from, bool isKnown)
    {
        if (!isKnown)
            _strangers.Failed();
        if (!_byAddress.TryGet(from, out var own))
            _byAddress.Set(from, own = new FailureLimit(time, burst: 10, intervalMs: 10_000));
        own.Failed();
    }
}
