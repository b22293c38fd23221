using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.Protocol;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// What a session of user-interactive authentication remembers of a request may hold a password. It is sealed with the session's id, which only the client has:
/// storage knows the session by a hash of it.
/// </summary>
internal static class SessionSeal
{
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int KeySize = 32;

    /// <summary>The key of the session's grain.</summary>
    public static string KeyOf(string session) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session)));

    /// <summary>Seals it (AES-GCM).</summary>
    public static byte[] Seal(string session, ReadOnlySpan<byte> plain, IRandom random)
    {
        var sealedBytes = new byte[NonceSize + TagSize + plain.Length];
        var nonce = sealedBytes.AsSpan(0, NonceSize);
        random.Fill(nonce);
        using var aes = new AesGcm(SecretOf(session), TagSize);
        aes.Encrypt(nonce, plain, sealedBytes.AsSpan(NonceSize + TagSize), sealedBytes.AsSpan(NonceSize, TagSize));
        return sealedBytes;
    }

    /// <summary>Opens it; null if there is nothing.</summary>
    public static byte[]? Open(string session, ReadOnlySpan<byte> sealedBytes)
    {
        if (sealedBytes.Length < NonceSize + TagSize)
            return null;
        var plain = new byte[sealedBytes.Length - NonceSize - TagSize];
        using var aes = new AesGcm(SecretOf(session), TagSize);
        aes.Decrypt(sealedBytes[..NonceSize], sealedBytes[(NonceSize + TagSize)..], sealedBytes[NonceSize..(NonceSize + TagSize)], plain);
        return plain;
    }

    private static byte[] SecretOf(string session) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(session), KeySize, info: "uia parameters"u8.ToArray());
}
