namespace OrleansMatrix.Protocol.Signing;

/// <summary>
/// Ed25519 signatures (RFC 8032) by libsodium when the machine has it, else by OpenSSL's libcrypto. Both see only input that passed
/// <see cref="Ed25519Encoding"/>, so that both give the same answer to every input.
/// </summary>
public sealed class Ed25519
{
    /// <summary>Bytes of a private key's seed.</summary>
    public const int SeedSize = 32;

    /// <summary>Bytes of a public key.</summary>
    public const int PublicKeySize = 32;

    /// <summary>Bytes of a signature.</summary>
    public const int SignatureSize = 64;

    private readonly IEd25519Library _library;

    private Ed25519(IEd25519Library library) => _library = library;

    /// <summary>The faster of the libraries on this machine.</summary>
    public static Ed25519 Instance { get; } = Sodium ?? OpenSsl ?? throw new DllNotFoundException("Neither libsodium nor libcrypto was found");

    /// <summary>libsodium; null when the machine does not have it.</summary>
    internal static Ed25519? Sodium => SodiumEd25519.IsAvailable ? new(new SodiumEd25519()) : null;

    /// <summary>OpenSSL's libcrypto, which .NET itself needs on Linux; null when the machine does not have it.</summary>
    internal static Ed25519? OpenSsl => OpenSslEd25519.IsAvailable ? new(new OpenSslEd25519()) : null;

    /// <summary>Derives the public key of a seed.</summary>
    public void GetPublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, SeedSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(publicKey.Length, PublicKeySize);
        _library.GetPublicKey(seed, publicKey[..PublicKeySize]);
    }

    /// <summary>Signs a message with a seed and the public key that belongs to it.</summary>
    public void Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, SeedSize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(publicKey.Length, PublicKeySize);
        ArgumentOutOfRangeException.ThrowIfLessThan(signature.Length, SignatureSize);
        _library.Sign(seed, publicKey, message, signature[..SignatureSize]);
    }

    /// <summary>
    /// True when the signature is the key's for this message. Always false for wrong sizes, public keys or R of small order, points that
    /// are not canonically encoded, and S not below the group's order.
    /// </summary>
    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        Ed25519Encoding.IsAcceptablePoint(publicKey) &&
        signature.Length == SignatureSize &&
        Ed25519Encoding.IsAcceptablePoint(signature[..32]) &&
        Ed25519Encoding.IsCanonicalScalar(signature[32..]) &&
        _library.Verify(publicKey, message, signature);
}
