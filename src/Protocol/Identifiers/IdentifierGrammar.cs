using System.Text;

namespace OrleansMatrix.Protocol.Identifiers;

/// <summary>What the identifiers with sigils have in common (appendices, Common Identifier Format).</summary>
internal static class IdentifierGrammar
{
    /// <summary>The most bytes of UTF-8 in any identifier, sigil and domain included.</summary>
    public const int MaxBytes = 255;

    /// <summary>True for text of at most 255 bytes of UTF-8 that has the sigil and neither NUL nor lone surrogates.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text, char sigil) =>
        text.Length is > 0 and <= MaxBytes && text[0] == sigil && IsPlainText(text) && Encoding.UTF8.GetByteCount(text) <= MaxBytes;

    /// <summary>Splits <c>&amp;localpart:domain</c> at its first colon; false when the domain is not a server name.</summary>
    public static bool TrySplit(ReadOnlySpan<char> text, char sigil, out int colon)
    {
        colon = -1;
        if (!IsWellFormed(text, sigil))
            return false;
        colon = text.IndexOf(':');
        return colon > 0 && ServerName.IsValid(text[(colon + 1)..]);
    }

    /// <summary>True for <c>[0-9A-Za-z_-]</c> only, and not empty: URL-safe Base64 and media ids.</summary>
    public static bool IsUrlSafe(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                return false;
        }

        return !text.IsEmpty;
    }

    private static bool IsPlainText(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\0' || char.IsLowSurrogate(c))
                return false;
            if (char.IsHighSurrogate(c) && (++i == text.Length || !char.IsLowSurrogate(text[i])))
                return false;
        }

        return true;
    }
}
