using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.Protocol;

namespace OrleansMatrix.Silo.Keys;

/// <summary>
/// Seals a signing key for the database with the secret of <c>Matrix:KeySecret</c>: AES-256-GCM, the key by HKDF from the secret and a salt of its own. The
/// name that it is stored by is authenticated with it, so that one key cannot be put in another's place.
/// </summary>
/// <param name="secret">At least <see cref="MinSecretChars"/> characters, since nothing here slows down who tries secrets.</param>
internal sealed class KeySeal(ReadOnlyMemory<byte> secret, IRandom random)
{
    /// <summary>The fewest characters of a secret.</summary>
    public const int MinSecretChars = 32;

    private const string Prefix = "aes-gcm ";
    private const int SaltSize = 16;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int KeySize = 32;

    /// <summary>Whether a stored text is a sealed one.</summary>
    public static bool IsSealed(string stored) => stored.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Seals a text.</summary>
    public string Seal(string name, string plain)
    {
        var text = Encoding.UTF8.GetBytes(plain);
        var bytes = new byte[SaltSize + NonceSize + TagSize + text.Length];
        var (salt, nonce, tag, cipher) = Parts(bytes);
        random.Fill(bytes.AsSpan(0, SaltSize + NonceSize));
        using var aes = Cipher(salt.Span);
        aes.Encrypt(nonce.Span, text, cipher.Span, tag.Span, Encoding.UTF8.GetBytes(name));
        return Prefix + Convert.ToBase64String(bytes);
    }

    /// <summary>Opens a sealed text; null if the secret is another one than it was sealed with, or the text was changed.</summary>
    public string? Open(string name, string stored)
    {
        var bytes = new byte[stored.Length];
        if (!Convert.TryFromBase64String(stored[Prefix.Length..], bytes, out var length) || length < SaltSize + NonceSize + TagSize)
            return null;
        var (salt, nonce, tag, cipher) = Parts(bytes.AsMemory(0, length));
        var plain = new byte[cipher.Length];
        using var aes = Cipher(salt.Span);
        try
        {
            aes.Decrypt(nonce.Span, cipher.Span, tag.Span, plain, Encoding.UTF8.GetBytes(name));
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private AesGcm Cipher(ReadOnlySpan<byte> salt)
    {
        Span<byte> key = stackalloc byte[KeySize];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret.Span, key, salt, "signing keys in the database"u8);
        return new AesGcm(key, TagSize);
    }

    private static (Memory<byte> Salt, Memory<byte> Nonce, Memory<byte> Tag, Memory<byte> Cipher) Parts(Memory<byte> bytes) =>
        (bytes[..SaltSize], bytes.Slice(SaltSize, NonceSize), bytes.Slice(SaltSize + NonceSize, TagSize), bytes[(SaltSize + NonceSize + TagSize)..]);
}
