namespace OrleansMatrix.Protocol.Signing;

/// <summary>The sizes of Ed25519 (RFC 8032).</summary>
public static class Ed25519
{
    /// <summary>Bytes of a private key's seed.</summary>
    public const int SeedSize = 32;

    /// <summary>Bytes of a public key.</summary>
    public const int PublicKeySize = 32;

    /// <summary>Bytes of a signature.</summary>
    public const int SignatureSize = 64;
}
