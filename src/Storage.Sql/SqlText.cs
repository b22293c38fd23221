using System.Security.Cryptography;
using System.Text;

namespace OrleansMatrix.Storage.Sql;

/// <summary>
/// How free text is kept. PostgreSQL's text takes neither U+0000 nor lone surrogates, so on the way in U+0000 is escaped by the noncharacter U+FDD0 and a
/// lone surrogate becomes U+FFFD, on both back ends alike.
/// </summary>
public static class SqlText
{
    private const char Escaper = '\uFDD0';
    private const int MaxKeyChars = 100;

    /// <summary>The form in the database.</summary>
    public static string Escape(string text) =>
        text.AsSpan().IndexOfAny('\0', Escaper) < 0 && text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? text : EscapeSlowly(text);

    /// <summary>The text as it was given to <see cref="Escape"/>, but for lone surrogates.</summary>
    public static string Unescape(string text) =>
        text.Contains(Escaper) ? text.Replace("\uFDD00", "\0", StringComparison.Ordinal).Replace("\uFDD01", "\uFDD0", StringComparison.Ordinal) : text;

    /// <summary>
    /// A key of bounded length for text that clients choose freely: the text itself if it is short, else a prefix and a hash. B-tree entries have a greatest
    /// size (about 2,700 bytes in PostgreSQL), and what a client sends must never make a fault.
    /// </summary>
    public static string Key(string text) => text.Length <= MaxKeyChars ? text : HashedKey(text);

    /// <summary>One key for several texts.</summary>
    public static string Key(string first, string second, string third = "") => Key($"{first.Length}:{second.Length}:{first}{second}{third}");

    /// <summary>A LIKE pattern (escape character: backslash) for text that contains the term, for a column in lower case.</summary>
    public static string ContainsPattern(string term) =>
        "%" + term.ToLowerInvariant().Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal)
            .Replace("_", @"\_", StringComparison.Ordinal) + "%";

    private static string HashedKey(string text) =>
        string.Concat(text.AsSpan(0, 20), "\uFDD0", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));

    private static string EscapeSlowly(string text)
    {
        var builder = new StringBuilder(text.Length + 4);
        foreach (var rune in text.EnumerateRunes())   // gives U+FFFD for a lone surrogate
        {
            if (rune.Value == 0) builder.Append(Escaper).Append('0');
            else if (rune.Value == Escaper) builder.Append(Escaper).Append('1');
            else builder.Append(rune);
        }
        return builder.ToString();
    }
}
