using System.Diagnostics.CodeAnalysis;
using NSec.Cryptography;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Signing;

/// <summary>A private Ed25519 key with its id.</summary>
public sealed class SigningKey
{
    private readonly Key _key;

    private SigningKey(string keyId, ReadOnlySpan<byte> seed)
    {
        // It is exported to the key file, which holds the seed in plain text.
        var exportable = new KeyCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport };
        _key = Key.Import(SignatureAlgorithm.Ed25519, seed, KeyBlobFormat.RawPrivateKey, in exportable);
        VerifyKey = VerifyKey.FromBytes(keyId, _key.PublicKey.Export(KeyBlobFormat.RawPublicKey));
    }

    /// <summary>The signing key identifier, such as <c>ed25519:a_AbCd</c>.</summary>
    public string KeyId => VerifyKey.KeyId;

    /// <summary>The public half.</summary>
    public VerifyKey VerifyKey { get; }

    /// <summary>A new key with a random seed and a random version.</summary>
    public static SigningKey Generate(IRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var seed = new byte[Ed25519.SeedSize];
        random.Fill(seed);
        return new SigningKey(KeyIds.Ed25519Prefix + "a_" + RandomText.Base62(random, 6), seed);
    }

    /// <summary>A key of its version (what follows <c>ed25519:</c>) and 32 bytes of seed.</summary>
    public static SigningKey FromSeed(string version, ReadOnlySpan<byte> seed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, Ed25519.SeedSize);
        return new SigningKey(KeyIds.Ed25519Prefix + version, seed);
    }

    /// <summary>Reads one line of a key file, <c>ed25519 version base64-of-seed</c>, the form that Synapse writes; false for another form.</summary>
    public static bool TryParse(string? line, [NotNullWhen(true)] out SigningKey? key)
    {
        key = null;
        var parts = (line ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var seed = new byte[Ed25519.SeedSize];
        if (parts is not ["ed25519", var version, var base64] || !KeyIds.IsValidVersion(version) || !UnpaddedBase64.TryDecodeExactly(base64, seed))
            return false;
        key = new SigningKey(KeyIds.Ed25519Prefix + version, seed);
        return true;
    }

    /// <summary>The key as one line of a key file. Secret.</summary>
    public string ToFileLine() => $"ed25519 {KeyId[KeyIds.Ed25519Prefix.Length..]} {UnpaddedBase64.Encode(_key.Export(KeyBlobFormat.RawPrivateKey))}";

    /// <summary>Writes the 64 bytes of the signature of a message.</summary>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature) =>
        SignatureAlgorithm.Ed25519.Sign(_key, message, signature[..Ed25519.SignatureSize]);

    /// <summary>The signature of a message in unpadded Base64.</summary>
    public string Sign(ReadOnlySpan<byte> message)
    {
        Span<byte> signature = stackalloc byte[Ed25519.SignatureSize];
        Sign(message, signature);
        return UnpaddedBase64.Encode(signature);
    }

    /// <summary>Names the key, not its secret.</summary>
    public override string ToString() => KeyId;
}
