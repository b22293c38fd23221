namespace OrleansMatrix.Protocol.Signing;

/// <summary>Signing key identifiers, <c>algorithm:version</c> (appendices, Signing Details).</summary>
public static class KeyIds
{
    /// <summary>The prefix of the one algorithm in use.</summary>
    public const string Ed25519Prefix = "ed25519:";

    private const int MaxLength = 255;

    /// <summary>True for an id of an Ed25519 key.</summary>
    public static bool IsEd25519(string? keyId) =>
        keyId is not null && keyId.Length > Ed25519Prefix.Length && keyId.Length <= MaxLength &&
        keyId.StartsWith(Ed25519Prefix, StringComparison.Ordinal);

    /// <summary>True for a version that a new key may have: <c>[a-zA-Z0-9_]</c>, and not empty (S-S API, Publishing Keys).</summary>
    public static bool IsValidVersion(ReadOnlySpan<char> version)
    {
        foreach (var c in version)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
                return false;
        }

        return !version.IsEmpty;
    }
}
