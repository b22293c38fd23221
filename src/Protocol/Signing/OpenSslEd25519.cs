using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OrleansMatrix.Protocol.Signing;

/// <summary>Ed25519 by OpenSSL 3's libcrypto.</summary>
internal sealed partial class OpenSslEd25519 : IEd25519Library
{
    private const int EvpPkeyEd25519 = 1087;

    public static bool IsAvailable { get; } = NativeCrypto.Has(NativeCrypto.Crypto, "EVP_DigestVerify");

    public void GetPublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey)
    {
        var key = PrivateKey(seed);
        nuint length = Ed25519.PublicKeySize;
        var done = EVP_PKEY_get_raw_public_key(key, publicKey, ref length) == 1;
        EVP_PKEY_free(key);
        Check(done);
    }

    public void Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        var key = PrivateKey(seed);
        var context = EVP_MD_CTX_new();
        nuint length = Ed25519.SignatureSize;
        var done = context != 0 &&
            EVP_DigestSignInit(context, 0, 0, 0, key) == 1 &&
            EVP_DigestSign(context, signature, ref length, in Pointer(message), (nuint)message.Length) == 1;
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
        Check(done);
    }

    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        var key = EVP_PKEY_new_raw_public_key(EvpPkeyEd25519, 0, publicKey, (nuint)publicKey.Length);
        var context = EVP_MD_CTX_new();
        var valid = key != 0 &&
            context != 0 &&
            EVP_DigestVerifyInit(context, 0, 0, 0, key) == 1 &&
            EVP_DigestVerify(context, signature, (nuint)signature.Length, in Pointer(message), (nuint)message.Length) == 1;
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
        // A refusal leaves an entry in this thread's error queue, which the next user of OpenSSL would take for its own.
        if (!valid)
            ERR_clear_error();
        return valid;
    }

    private static nint PrivateKey(ReadOnlySpan<byte> seed)
    {
        var key = EVP_PKEY_new_raw_private_key(EvpPkeyEd25519, 0, seed, (nuint)seed.Length);
        Check(key != 0);
        return key;
    }

    private static void Check(bool done)
    {
        if (done)
            return;
        ERR_clear_error();
        throw new CryptographicException("libcrypto failed to sign");
    }

    // The empty span has no address; the libraries want one.
    private static ref readonly byte Pointer(ReadOnlySpan<byte> message) =>
        ref message.IsEmpty ? ref MemoryMarshal.GetReference("\0"u8) : ref MemoryMarshal.GetReference(message);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial nint EVP_PKEY_new_raw_private_key(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial nint EVP_PKEY_new_raw_public_key(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial int EVP_PKEY_get_raw_public_key(nint key, Span<byte> publicKey, ref nuint length);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial void EVP_PKEY_free(nint key);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial nint EVP_MD_CTX_new();

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial void EVP_MD_CTX_free(nint context);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial int EVP_DigestSignInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial int EVP_DigestSign(
        nint context, Span<byte> signature, ref nuint signatureLength, ref readonly byte message, nuint messageLength);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial int EVP_DigestVerifyInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial int EVP_DigestVerify(
        nint context, ReadOnlySpan<byte> signature, nuint signatureLength, ref readonly byte message, nuint messageLength);

    [LibraryImport(NativeCrypto.Crypto)]
    private static partial void ERR_clear_error();
}
