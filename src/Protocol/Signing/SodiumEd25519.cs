using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OrleansMatrix.Protocol.Signing;

/// <summary>Ed25519 by libsodium.</summary>
internal sealed partial class SodiumEd25519 : IEd25519Library
{
    private const int SecretKeySize = 64;

    // 0 after the first call and 1 after later ones; below 0 it failed.
    public static bool IsAvailable { get; } = NativeCrypto.Has(NativeCrypto.Sodium, "crypto_sign_ed25519_detached") && sodium_init() >= 0;

    public void GetPublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey)
    {
        Span<byte> secretKey = stackalloc byte[SecretKeySize];
        Check(crypto_sign_ed25519_seed_keypair(publicKey, secretKey, seed));
        sodium_memzero(secretKey, SecretKeySize);
    }

    public void Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        Span<byte> secretKey = stackalloc byte[SecretKeySize];
        seed.CopyTo(secretKey);
        publicKey.CopyTo(secretKey[32..]);
        Check(crypto_sign_ed25519_detached(signature, 0, in Pointer(message), (ulong)message.Length, secretKey));
        sodium_memzero(secretKey, SecretKeySize);
    }

    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        crypto_sign_ed25519_verify_detached(signature, in Pointer(message), (ulong)message.Length, publicKey) == 0;

    private static void Check(int result)
    {
        if (result != 0)
            throw new CryptographicException("libsodium failed to sign");
    }

    // The empty span has no address; the libraries want one.
    private static ref readonly byte Pointer(ReadOnlySpan<byte> message) =>
        ref message.IsEmpty ? ref MemoryMarshal.GetReference("\0"u8) : ref MemoryMarshal.GetReference(message);

    [LibraryImport(NativeCrypto.Sodium)]
    private static partial int sodium_init();

    [LibraryImport(NativeCrypto.Sodium)]
    private static partial void sodium_memzero(Span<byte> bytes, nuint length);

    [LibraryImport(NativeCrypto.Sodium)]
    private static partial int crypto_sign_ed25519_seed_keypair(Span<byte> publicKey, Span<byte> secretKey, ReadOnlySpan<byte> seed);

    [LibraryImport(NativeCrypto.Sodium)]
    private static partial int crypto_sign_ed25519_detached(
        Span<byte> signature, nint signatureLength, ref readonly byte message, ulong messageLength, ReadOnlySpan<byte> secretKey);

    [LibraryImport(NativeCrypto.Sodium)]
    private static partial int crypto_sign_ed25519_verify_detached(
        ReadOnlySpan<byte> signature, ref readonly byte message, ulong messageLength, ReadOnlySpan<byte> publicKey);
}
