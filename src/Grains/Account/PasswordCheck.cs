using Microsoft.AspNetCore.Identity;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;

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
    private const int MostNetworks = 1000;

    // In the place of a network, and the text of none.
    private const string Session = "session";
    private readonly FailureLimit _strangers = new(time, burst: 100, intervalMs: 1000);
    private readonly LruCache<string, FailureLimit> _byNetwork = new(MostNetworks, static _ => 1);

    /// <summary>Compares, unless too many wrong ones came. That there is no account takes as long to tell as that its password is another.</summary>
    /// <param name="state">The account, null if there is none.</param>
    /// <param name="password">As it was given.</param>
    /// <param name="from">The address; null: a session of the user, whoever guesses elsewhere.</param>
    /// <returns>Why the user may not go on; and a hash to keep in place of one that is weaker than those of today.</returns>
    public async Task<(MatrixError? Error, string? Better)> RunAsync(AccountState? state, string password, string? from)
    {
        var account = state?.Row;
        var network = from is null ? Session : ClientNetwork.Of(from);
        var isKnown = from is null || state?.Devices.Values.Any(device => device.LastSeenIp is { } seen && ClientNetwork.Of(seen) == network) == true;
        if (isLimited && WaitOf(network, isKnown) is > 0 and var wait)
            return (MatrixError.LimitExceeded(wait), null);
        var hash = password.Length <= Passwords.MaxLength && account is { Deactivated: false } ? account.PasswordHash : null;
        var result = await passwords.VerifyAsync(hash, password.Length <= Passwords.MaxLength ? password : "");
        if (result is null)
            return (MatrixError.LimitExceeded(1000), null);
        if (result == PasswordVerificationResult.Failed || account is null)
        {
            Failed(network, isKnown);
            return (s_badLogin, null);
        }

        var better = result == PasswordVerificationResult.SuccessRehashNeeded ? await passwords.HashAsync(password) : null;
        return (account.Locked ? MatrixError.UserLocked() : null, better);
    }

    private long WaitOf(string network, bool isKnown) =>
        Math.Max(isKnown ? 0 : _strangers.Wait, _byNetwork.TryGet(network, out var own) ? own.Wait : 0);

    private void Failed(string network, bool isKnown)
    {
        if (!isKnown)
            _strangers.Failed();
        if (!_byNetwork.TryGet(network, out var own))
            _byNetwork.Set(network, own = new FailureLimit(time, burst: 10, intervalMs: 10_000));
        own.Failed();
    }
}
