using System.Diagnostics.CodeAnalysis;
using NSec.Cryptography;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Signing;

/// <summary>A public Ed25519 key with its id.</summary>
public sealed class VerifyKey
{
    private readonly byte[] _bytes;
    private readonly PublicKey _key;

    private VerifyKey(string keyId, byte[] publicKey)
    {
        KeyId = keyId;
        _bytes = publicKey;
        _key = NSec.Cryptography.PublicKey.Import(SignatureAlgorithm.Ed25519, publicKey, KeyBlobFormat.RawPublicKey);
    }

    /// <summary>The signing key identifier, such as <c>ed25519:1</c>.</summary>
    public string KeyId { get; }

    /// <summary>The 32 bytes of the key.</summary>
    public ReadOnlySpan<byte> PublicKey => _bytes;

    /// <summary>The key in unpadded Base64.</summary>
    public string ToBase64() => UnpaddedBase64.Encode(_bytes);

    /// <summary>Makes a key of an <c>ed25519:</c> id and the Base64 of 32 bytes; false for anything else.</summary>
    public static bool TryParse(string keyId, string base64, [NotNullWhen(true)] out VerifyKey? key)
    {
        var bytes = new byte[Ed25519.PublicKeySize];
        key = KeyIds.IsEd25519(keyId) && UnpaddedBase64.TryDecodeExactly(base64, bytes) ? new VerifyKey(keyId, bytes) : null;
        return key is not null;
    }

    /// <summary>Makes a key of its 32 bytes.</summary>
    public static VerifyKey FromBytes(string keyId, ReadOnlySpan<byte> publicKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(publicKey.Length, Ed25519.PublicKeySize);
        return new VerifyKey(keyId, publicKey.ToArray());
    }

    /// <summary>
    /// True when the signature is this key's for the message. Always false for wrong sizes, keys or R of small order, points that are not
    /// canonically encoded, and S not below the group's order (ADR 0011).
    /// </summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => SignatureAlgorithm.Ed25519.Verify(_key, message, signature);

    /// <summary>As <see cref="Verify(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>, for a signature in Base64; false when it is not Base64.</summary>
    public bool Verify(ReadOnlySpan<byte> message, string signature)
    {
        Span<byte> bytes = stackalloc byte[Ed25519.SignatureSize];
        return UnpaddedBase64.TryDecodeExactly(signature, bytes) && Verify(message, bytes);
    }
}
