using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace OrleansMatrix.Protocol.Json;

/// <summary>Unpadded Base64 (appendices): the standard alphabet without '='; padding is accepted when decoding.</summary>
public static class UnpaddedBase64
{
    /// <summary>Encodes with the standard alphabet.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    /// <summary>Encodes with the URL-safe alphabet.</summary>
    public static string EncodeUrlSafe(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>Appends the standard alphabet's encoding of at most 96 bytes.</summary>
    internal static void Append(scoped ReadOnlySpan<byte> bytes, ref ByteBuilder output)
    {
        Span<byte> text = stackalloc byte[128];
        Base64.EncodeToUtf8(bytes, text, out _, out var written);
        output.Append(text[..written].TrimEnd((byte)'='));
    }

    /// <summary>Decodes the standard or the URL-safe alphabet, padded or not; false for anything else, white space included.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = new byte[DecodedLength(text)];
        if (TryDecode(text, bytes, out var written) && written == bytes.Length)
            return true;
        bytes = null;
        return false;
    }

    /// <summary>Decodes into a buffer of exactly the right size; false when the text is not Base64 of that many bytes.</summary>
    public static bool TryDecodeExactly(ReadOnlySpan<char> text, Span<byte> buffer) =>
        DecodedLength(text) == buffer.Length && TryDecode(text, buffer, out var written) && written == buffer.Length;

    private static int DecodedLength(ReadOnlySpan<char> text) => (int)((long)text.TrimEnd('=').Length * 3 / 4);

    private static bool TryDecode(ReadOnlySpan<char> text, Span<byte> buffer, out int written)
    {
        written = 0;
        var padding = text.Length - text.TrimEnd('=').Length;
        if (padding > 2 || (padding > 0 && text.Length % 4 != 0))
            return false;
        text = text[..^padding];
        var accumulator = 0;
        var bits = 0;
        foreach (var c in text)
        {
            var value = c switch
            {
                >= 'A' and <= 'Z' => c - 'A',
                >= 'a' and <= 'z' => c - 'a' + 26,
                >= '0' and <= '9' => c - '0' + 52,
                '+' or '-' => 62,
                '/' or '_' => 63,
                _ => -1,
            };
            if (value < 0)
                return false;
            accumulator = ((accumulator << 6) | value) & 0xFFFF;
            bits += 6;
            if (bits < 8)
                continue;
            bits -= 8;
            if (written == buffer.Length)
                return false;
            buffer[written++] = (byte)(accumulator >> bits);
        }

        // A lone character holds no whole byte. Bits left over are ignored: the test vectors' own signing key has some.
        return text.Length % 4 != 1;
    }
}
