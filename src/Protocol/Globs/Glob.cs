namespace OrleansMatrix.Protocol.Globs;

/// <summary>
/// A glob pattern (appendices, Glob-style matching): <c>*</c> is any text, <c>?</c> one character. Letters match in either case. Matching
/// takes time in the product of both lengths at the most and allocates nothing.
/// </summary>
public sealed class Glob
{
    private readonly string[] _parts;

    public Glob(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        Pattern = pattern;
        _parts = pattern.Split('*');
        IsLiteral = _parts.Length == 1 && !pattern.Contains('?', StringComparison.Ordinal);
    }

    /// <summary>The pattern as given.</summary>
    public string Pattern { get; }

    /// <summary>True when the pattern has no wildcards.</summary>
    public bool IsLiteral { get; }

    /// <summary>
    /// An upper bound of the comparisons that matching a text of so many characters takes. The search for text without wildcards takes eight at a time.
    /// </summary>
    public long CostOn(int length) => IsLiteral ? LiteralCost(length, Pattern.Length) : (long)length * (1 + _parts.Max(static part => part.Length));

    /// <summary>As <see cref="CostOn"/>, for <see cref="ContainsWord"/>.</summary>
    public static long LiteralCost(int length, int word) => (long)length * (1 + (word / 8));

    /// <summary>True when the whole text matches.</summary>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        if (IsLiteral)
            return text.Equals(Pattern, StringComparison.OrdinalIgnoreCase);
        var first = MatchAt(text, 0, _parts[0]);
        if (first < 0 || _parts.Length == 1)
            return first == text.Length;
        var position = FindMiddle(text, first);
        return position >= 0 && EndsWith(text, position, _parts[^1]);
    }

    /// <summary>
    /// True when some part of the text matches that starts and ends at a word boundary: the start or end of the text or anything but
    /// <c>[A-Za-z0-9_]</c> (C-S API, Push rules, <c>event_match</c> of <c>content.body</c>), which may be the part's own first or last
    /// character: <c>c++</c> is a word of <c>c++11</c>.
    /// </summary>
    public bool IsWordMatch(ReadOnlySpan<char> text)
    {
        // What follows the first '*' can start anywhere later, so the first place where the part before it fits serves as well as any other.
        var afterFirst = _parts[0].Length == 0 && _parts.Length > 1 ? 0 : -1;
        for (var start = 0; afterFirst < 0; start++)
        {
            start = NextCandidate(text, start);
            if (start < 0)
                return false;
            var end = IsBoundaryBefore(text, start) ? MatchAt(text, start, _parts[0]) : -1;
            if (end >= 0 && (_parts.Length > 1 || IsBoundaryAfter(text, end)))
                afterFirst = end;
        }

        if (_parts.Length == 1)
            return true;
        var position = FindMiddle(text, afterFirst);
        return position >= 0 && EndsAtBoundary(text, position, _parts[^1]);
    }

    /// <summary>True when the text has the word, which is no pattern, between word boundaries, as in <see cref="IsWordMatch"/>.</summary>
    public static bool ContainsWord(ReadOnlySpan<char> text, ReadOnlySpan<char> word)
    {
        for (var start = 0; start <= text.Length; start++)
        {
            var offset = text[start..].IndexOf(word, StringComparison.OrdinalIgnoreCase);
            if (offset < 0)
                return false;
            start += offset;
            if (IsBoundaryBefore(text, start) && IsBoundaryAfter(text, start + word.Length))
                return true;
        }

        return false;
    }

    private int NextCandidate(ReadOnlySpan<char> text, int start)
    {
        if (start > text.Length)
            return -1;
        if (!IsLiteral)
            return start;
        var offset = text[start..].IndexOf(Pattern, StringComparison.OrdinalIgnoreCase);
        return offset < 0 ? -1 : start + offset;
    }

    /// <summary>Finds the parts between the first and the last '*' one after the other; gives the end of the last of them, or -1.</summary>
    private int FindMiddle(ReadOnlySpan<char> text, int position)
    {
        for (var i = 1; i < _parts.Length - 1 && position >= 0; i++)
            position = Find(text, position, _parts[i]);
        return position;
    }

    private static int Find(ReadOnlySpan<char> text, int start, string part)
    {
        for (; start <= text.Length; start++)
        {
            var end = MatchAt(text, start, part);
            if (end >= 0)
                return end;
        }

        return -1;
    }

    private static bool EndsWith(ReadOnlySpan<char> text, int start, string part)
    {
        // A '?' can take one or two code units, so that the length does not give the start.
        for (start = Math.Max(start, text.Length - (2 * part.Length)); start <= text.Length; start++)
        {
            if (MatchAt(text, start, part) == text.Length)
                return true;
        }

        return false;
    }

    private static bool EndsAtBoundary(ReadOnlySpan<char> text, int start, string part)
    {
        if (part.Length == 0)
            return true;
        for (; start <= text.Length; start++)
        {
            var end = MatchAt(text, start, part);
            if (end >= 0 && IsBoundaryAfter(text, end))
                return true;
        }

        return false;
    }

    /// <summary>The end of the part in the text when it is at <paramref name="start"/>, else -1.</summary>
    private static int MatchAt(ReadOnlySpan<char> text, int start, string part)
    {
        var position = start;
        foreach (var wanted in part)
        {
            if (position == text.Length)
                return -1;
            if (wanted == '?')
                position += IsSurrogatePair(text, position) ? 2 : 1;
            else if (text[position] == wanted || char.ToUpperInvariant(text[position]) == char.ToUpperInvariant(wanted))
                position++;
            else
                return -1;
        }

        return position;
    }

    private static bool IsSurrogatePair(ReadOnlySpan<char> text, int position) =>
        char.IsHighSurrogate(text[position]) && position + 1 < text.Length && char.IsLowSurrogate(text[position + 1]);

    private static bool IsBoundaryBefore(ReadOnlySpan<char> text, int start) =>
        start == 0 || !IsWord(text[start - 1]) || (start < text.Length && !IsWord(text[start]));

    private static bool IsBoundaryAfter(ReadOnlySpan<char> text, int end) =>
        end == text.Length || !IsWord(text[end]) || (end > 0 && !IsWord(text[end - 1]));

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
