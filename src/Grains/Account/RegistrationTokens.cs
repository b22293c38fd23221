using OrleansMatrix.Protocol;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>Registration tokens outside their grains.</summary>
public static class RegistrationTokens
{
    private const string FirstTokenSetting = "first_registration_token";

    private const int MaxLength = 64;

    /// <summary>True for at most 64 characters of the opaque identifier grammar (C-S API, Token-authenticated registration).</summary>
    public static bool IsWellFormed(string token)
    {
        foreach (var c in token)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '~' or '-'))
                return false;
        }

        return token.Length is > 0 and <= MaxLength;
    }

    /// <summary>True if the token has not expired and has a use left.</summary>
    public static bool IsValid(RegistrationTokenRow row, TimeProvider time) =>
        (row.UsesAllowed is not { } allowed || row.Completed < allowed) &&
        (row.ExpiresAt is not { } end || end > time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>
    /// The one-time token for the first account of a new server, which becomes an administrator. Made once in a database's life; null once it is used or
    /// when there are accounts.
    /// </summary>
    public static async Task<string?> FirstAsync(IStorage storage, IRandom random, TimeProvider time)
    {
        if (await storage.Accounts.CountAsync() > 0)
            return null;
        var token = await storage.Servers.GetSettingAsync(FirstTokenSetting) ??
            await storage.Servers.SetSettingOnceAsync(FirstTokenSetting, RandomText.Base62(random, 24));
        if (await storage.Accounts.GetRegistrationTokenAsync(token) is { } row)
            return IsValid(row, time) ? token : null;
        var unit = new WriteUnit();
        storage.Accounts.PutRegistrationToken(unit, new RegistrationTokenRow(token, 1, 0, null));
        await storage.CommitAsync(unit);
        return token;
    }

    /// <summary>Buffers the end of that token: there is an account now.</summary>
    public static async Task VoidFirstAsync(IStorage storage, WriteUnit unit)
    {
        if (await storage.Servers.GetSettingAsync(FirstTokenSetting) is { } token)
            storage.Accounts.DeleteRegistrationToken(unit, token);
    }

    /// <summary>True if it is the token of <see cref="FirstAsync"/>.</summary>
    public static async Task<bool> IsFirstAsync(IStorage storage, string token) => await storage.Servers.GetSettingAsync(FirstTokenSetting) == token;
}
