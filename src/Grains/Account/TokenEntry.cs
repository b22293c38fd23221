using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>A token in memory, with the session it stands for once that was asked for.</summary>
internal sealed class TokenEntry(TokenRow row)
{
    public TokenRow Row { get; } = row;

    public Session? Session { get; set; }
}
