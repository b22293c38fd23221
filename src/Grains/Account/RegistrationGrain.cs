using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>Decides who may register; the account's own grain does it.</summary>
[StatelessWorker]
[GrainType("registration")]
public sealed class RegistrationGrain(IStorage storage, MatrixSettings settings, TimeProvider time, IRandom random) : Grain, IRegistrationGrain
{
    private const int PickedNameLength = 12;
    private static readonly MatrixError s_disabled = MatrixError.Forbidden("Registration is disabled");

    /// <inheritdoc/>
    public async Task<Outcome<ImmutableArray<UiaFlow>>> GetFlows()
    {
        if (settings.Registration is { Enabled: true, RequireToken: false })
            return ImmutableArray.Create(new UiaFlow([UiaStages.Dummy]));

        // Registration that is off still honours the tokens that an administrator hands out.
        if (settings.Registration.Enabled || await AnyTokenAsync())
            return ImmutableArray.Create(new UiaFlow([UiaStages.RegistrationToken]));
        return s_disabled;
    }

    /// <inheritdoc/>
    public async Task<Outcome<string>> CheckUsername(string username, ReadOnlyMemory<byte>? guestToken)
    {
        // Registering maps upper case to lower case (C-S API, POST /register: map or reject).
        if (!UserId.TryCreate(username.ToLowerInvariant(), settings.ServerName, out var user))
            return MatrixError.InvalidUsername("User names hold only a-z, 0-9 and ._=-/+ and are at most 255 bytes with the server's name");
        var account = GrainFactory.GetGrain<IAccountGrain>(user.Value);
        if (guestToken is { } token)
            return await account.HasGuestToken(token) ? user.Value : MatrixError.Forbidden("guest_access_token is not a token of the guest of that name");
        return await account.Exists() ? MatrixError.UserInUse() : user.Value;
    }

    /// <inheritdoc/>
    public async Task<Outcome<Credentials>> RegisterUser(Registration registration)
    {
        if (registration is { GuestToken: not null, Username: null })
            return MatrixError.MissingParam("A guest must name itself in 'username'");
        if (registration.Nonce is { } nonce && !await UseAsync(nonce))
            return MatrixError.Unknown("Unrecognised nonce");
        var userId = Picked();
        if (registration.Username is { } username)
        {
            var check = await CheckUsername(username, registration.GuestToken);
            if (check.Error is { } error)
                return error;
            userId = check.Value;
        }

        if (registration.Token is not { } token)
            return await RegisterAsync(userId, registration.Account, registration.GuestToken);
        var uses = GrainFactory.GetGrain<IRegistrationTokenGrain>(token);
        if (!await uses.Use())
            return MatrixError.Forbidden("The registration token has no use left");
        var isAdmin = registration.Account.IsAdmin || await RegistrationTokens.IsFirstAsync(storage, token);
        var outcome = await RegisterAsync(userId, registration.Account with { IsAdmin = isAdmin }, registration.GuestToken);
        if (!outcome.Ok)
            await uses.Release();
        return outcome;
    }

    /// <inheritdoc/>
    public async Task<Outcome<Credentials>> RegisterGuest(NewSession session)
    {
        if (!settings.Registration.AllowGuests)
            return MatrixError.GuestAccessForbidden("Guest access is disabled");
        var account = new NewAccount(null, IsAdmin: false, IsGuest: true, null, null, session);
        return await GrainFactory.GetGrain<IAccountGrain>(Picked()).Register(account);
    }

    /// <inheritdoc/>
    public async Task<Outcome<bool>> IsTokenValid(string token)
    {
        if (!settings.Registration.Enabled && !await AnyTokenAsync())
            return s_disabled;
        return RegistrationTokens.IsWellFormed(token) && await GrainFactory.GetGrain<IRegistrationTokenGrain>(token).IsValid();
    }

    private async Task<bool> UseAsync(string nonce)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var unit = new WriteUnit();
        // The clock of the process that made the nonce may be ahead of this one's.
        storage.Accounts.UseNonce(unit, nonce, now + (2 * IRegistrationGrain.NonceMs), now);
        try
        {
            await storage.CommitAsync(unit);
            return true;
        }
        catch (ConflictException)
        {
            return false;
        }
    }

    private Task<Outcome<Credentials>> RegisterAsync(string userId, NewAccount account, ReadOnlyMemory<byte>? guestToken)
    {
        var grain = GrainFactory.GetGrain<IAccountGrain>(userId);
        return guestToken is { } token ? grain.UpgradeGuest(token, account) : grain.Register(account);
    }

    private string Picked() => $"@{RandomText.Lowercase(random, PickedNameLength)}:{settings.ServerName.Value}";

    private async Task<bool> AnyTokenAsync() =>
        (await storage.Accounts.ListRegistrationTokensAsync()).Any(row => RegistrationTokens.IsValid(row, time));
}
