using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Signing;

/// <summary>A server's key and how long it may be relied on.</summary>
/// <param name="Key">The key.</param>
/// <param name="ValidUntilTs">
/// Milliseconds since the Unix epoch: for a key in use, the published <c>valid_until_ts</c> or seven days after it was fetched, whichever is
/// sooner; for an old key its <c>expired_ts</c>.
/// </param>
/// <param name="IsOld">True for a key from <c>old_verify_keys</c>, which is good only for events.</param>
public sealed record ServerVerifyKey(VerifyKey Key, long ValidUntilTs, bool IsOld)
{
    /// <summary>
    /// Whether a signature by this key counts on an event of that time. An old key never counts after it expired (S-S API, Validating
    /// hashes and signatures on received events); the validity of a key in use is looked at from room v5 on (room v5, Signing key validity
    /// period).
    /// </summary>
    public bool IsValidFor(RoomVersion version, long originServerTs)
    {
        ArgumentNullException.ThrowIfNull(version);
        return originServerTs <= ValidUntilTs || !(IsOld || version.EnforceKeyValidity);
    }
}
