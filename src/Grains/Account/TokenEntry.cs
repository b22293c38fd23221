using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>A token in memory, with the session it stands for once that was asked for.</summary>
internal sealed class TokenEntry(TokenRow row)
{
    public TokenRow Row { get; } = row;

    public Session? Session { get; set; }

    /// <summary>The session that the token stands for as the account is now.</summary>
    public Session Open(AccountRow account) => Session = new Session(
        new Requester(UserId.Parse(account.UserId), Row.DeviceId, account.IsGuest, account.IsAdmin, account.AppServiceId, account.Suspended),
        account.Locked,
        Row.ExpiresAt);
}
