using Microsoft.AspNetCore.Identity;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>Checks one account's password, and slows the guessing of it.</summary>
/// <param name="passwords">Compares.</param>
/// <param name="time">The clock.</param>
/// <param name="isLimited">Guessing is slowed.</param>
internal sealed class PasswordCheck(Passwords passwords, TimeProvider time, bool isLimited)
{
    private static readonly MatrixError s_badLogin = MatrixError.Forbidden("Invalid username or password");
    private readonly FailureLimit _failures = new(time);

    /// <summary>Why nothing is compared: too many wrong ones came; null if there were not.</summary>
    public MatrixError? Limit => isLimited && _failures.Wait is > 0 and var wait ? MatrixError.LimitExceeded(wait) : null;

    /// <summary>Compares. That there is no account takes as long to tell as that its password is another.</summary>
    /// <param name="account">The account, null if there is none.</param>
    /// <param name="password">As it was given.</param>
    /// <returns>Why the user may not go on; and a hash to keep in place of one that is weaker than those of today.</returns>
    public async Task<(MatrixError? Error, string? Better)> RunAsync(AccountRow? account, string password)
    {
        var hash = password.Length <= Passwords.MaxLength && account is { Deactivated: false } ? account.PasswordHash : null;
        var result = await passwords.VerifyAsync(hash, password.Length <= Passwords.MaxLength ? password : "");
        if (result is null)
            return (MatrixError.LimitExceeded(1000), null);
        if (result == PasswordVerificationResult.Failed || account is null)
        {
            _failures.Failed();
            return (s_badLogin, null);
        }

        var better = result == PasswordVerificationResult.SuccessRehashNeeded ? await passwords.HashAsync(password) : null;
        return (account.Locked ? MatrixError.UserLocked() : null, better);
    }
}
