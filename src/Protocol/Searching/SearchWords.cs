using System.Globalization;
using System.Text;

namespace OrleansMatrix.Protocol.Searching;

/// <summary>A word that is looked for.</summary>
/// <param name="Text">As <see cref="SearchWords"/> writes words.</param>
/// <param name="IsPrefix">Whatever begins with it is found; else only the word itself.</param>
public readonly record struct SearchWord(string Text, bool IsPrefix);

/// <summary>
/// Cuts text into the words by which it is found (C-S API, Server Side Search, which leaves that to servers). Letters, marks, digits and pictographs make
/// words, all else parts them; case, the marks of Latin, Greek and Cyrillic letters, and full width do not count. Scripts that are written without spaces, and
/// pictographs, are cut into pairs of neighbours, so that a word is found wherever it stands. The words hold no ASCII but letters and digits, however hostile
/// the text is.
/// </summary>
public static class SearchWords
{
    /// <summary>UTF-16 units of a text that are looked at; what is behind them is not found.</summary>
    public const int MaxTextLength = 4096;

    /// <summary>UTF-16 units of a query that count; what is behind them is not looked for.</summary>
    public const int MaxQueryLength = 1024;

    /// <summary>Different words of a text that are kept, the first ones.</summary>
    public const int MaxWords = 400;

    /// <summary>Words of a query that count, the first ones.</summary>
    public const int MaxQueryWords = 20;

    /// <summary>UTF-16 units of a word that count, up to one letter more.</summary>
    public const int MaxWordLength = 40;

    /// <summary>A shorter word is looked for as it is: so much begins with one letter or two.</summary>
    private const int MinPrefixLength = 3;

    /// <summary>The different words of a text, in the order in which they come.</summary>
    public static IReadOnlyList<string> OfText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var word in Runs(text, MaxTextLength).SelectMany(static run => run.IsUnspaced ? Pairs(run.Letters, withLast: true) : [run.Word]))
        {
            if (!known.Add(word))
                continue;
            words.Add(word);
            if (words.Count == MaxWords)
                break;
        }

        return words;
    }

    /// <summary>The words of a query, each of which a text must have; empty if there are none, and then nothing is found.</summary>
    public static IReadOnlyList<SearchWord> OfQuery(string query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return [.. Runs(query, MaxQueryLength).SelectMany(WordsOf).Distinct().Take(MaxQueryWords)];
    }

    /// <summary>The words of a query as they are written, in lower case: what clients mark in the results.</summary>
    public static IReadOnlyList<string> Highlights(string query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return [.. Runs(query, MaxQueryLength).Select(static run => run.Written).Distinct(StringComparer.Ordinal).Take(MaxQueryWords)];
    }

    private static IEnumerable<SearchWord> WordsOf(Run run) => run switch
    {
        { IsUnspaced: false } => [new SearchWord(run.Word, run.Letters.Count >= MinPrefixLength)],
        { Letters: [var only] } => [new SearchWord(only, IsPrefix: true)],
        _ => Pairs(run.Letters, withLast: false).Select(static pair => new SearchWord(pair, IsPrefix: false)),
    };

    /// <summary>Each letter with its neighbour; the last one too, which has none, so that each is found by itself as the beginning of something.</summary>
    private static IEnumerable<string> Pairs(List<string> letters, bool withLast)
    {
        for (var i = 0; i < letters.Count - 1; i++)
            yield return letters[i] + letters[i + 1];
        if (withLast)
            yield return letters[^1];
    }

    /// <summary>Letters in a row that are all of one kind.</summary>
    private static IEnumerable<Run> Runs(string text, int maxLength)
    {
        Run? run = null;
        foreach (var rune in text[..Math.Min(text.Length, maxLength)].EnumerateRunes())
        {
            var kind = KindOf(rune);
            if (kind == Kind.Ignored)
                continue;
            if (run is not null && (kind == Kind.Separator || run.IsUnspaced != (kind == Kind.Unspaced)))
            {
                yield return run;
                run = null;
            }

            if (kind != Kind.Separator)
                (run ??= new Run(kind == Kind.Unspaced)).Add(Rune.ToLowerInvariant(rune));
        }

        if (run is not null)
            yield return run;
    }

    private static Kind KindOf(Rune rune)
    {
        if (rune.IsAscii)
            return char.IsAsciiLetterOrDigit((char)rune.Value) ? Kind.Word : Kind.Separator;
        var category = Rune.GetUnicodeCategory(rune);
        // Marks that combine with a letter, variants of a letter's form, and joiners.
        if (rune.Value is (>= 0x300 and <= 0x36f) or (>= 0xfe00 and <= 0xfe0f) || category == UnicodeCategory.Format)
            return Kind.Ignored;
        // U+FFFD stands for what is no text.
        if (rune == Rune.ReplacementChar || !IsInWord(category))
            return Kind.Separator;
        return IsUnspaced(rune.Value) || category == UnicodeCategory.OtherSymbol ? Kind.Unspaced : Kind.Word;
    }

    private static bool IsInWord(UnicodeCategory category) => category is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or
        UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark or
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.OtherSymbol;

    /// <summary>Thai, Lao, Burmese, Khmer, kana and Chinese characters.</summary>
    private static bool IsUnspaced(int value) => value is (>= 0x0e00 and <= 0x0eff) or (>= 0x1000 and <= 0x109f) or (>= 0x1780 and <= 0x17ff) or
        (>= 0x3040 and <= 0x30ff) or (>= 0x31f0 and <= 0x31ff) or (>= 0x3400 and <= 0x4dbf) or (>= 0x4e00 and <= 0x9fff) or (>= 0xf900 and <= 0xfaff) or
        (>= 0xff66 and <= 0xff9f) or (>= 0x20000 and <= 0x3ffff);

    private enum Kind { Separator, Ignored, Word, Unspaced }

    private sealed class Run(bool isUnspaced)
    {
        private readonly StringBuilder _word = new();
        private readonly StringBuilder _written = new();

        public bool IsUnspaced => isUnspaced;

        /// <summary>The letters, of a word those that count.</summary>
        public List<string> Letters { get; } = [];

        public string Word => _word.ToString();

        public string Written => _written.ToString();

        public void Add(Rune letter)
        {
            var isTooLong = _word.Length >= MaxWordLength;
            if (isTooLong && !isUnspaced)
                return;
            // Full width: U+FF01 to U+FF5E stand for ASCII.
            var narrow = letter.Value is >= 0xff10 and <= 0xff5a ? new Rune(letter.Value - 0xfee0) : letter;
            var folded = narrow.IsBmp && FoldedLetters.Fold((char)narrow.Value) is { } plain ? plain : narrow.ToString();
            Letters.Add(folded);
            if (isTooLong)
                return;
            _word.Append(folded);
            _written.Append(letter.ToString());
        }
    }
}
