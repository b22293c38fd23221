using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory.Searching;

/// <summary>The words of a search. An event matches if each of them begins a word of its text, ignoring case.</summary>
internal sealed class SearchTerms
{
    private const int MaxWords = 20;

    /// <summary>UTF-16 units of a search term that count; what is behind them is no error, and is not looked for.</summary>
    private const int MaxTermLength = 1024;

    /// <summary>UTF-16 units of an event's text that are looked at; what is behind them is not found.</summary>
    private const int MaxTextLength = 4096;

    private static readonly (string Key, string Type, string Member)[] s_fields =
    [
        ("content.body", "m.room.message", "body"),
        ("content.name", "m.room.name", "name"),
        ("content.topic", "m.room.topic", "topic"),
    ];

    private readonly Dictionary<string, string> _memberByType;

    private SearchTerms(IReadOnlyList<string> words, Dictionary<string, string> memberByType) => (Words, _memberByType) = (words, memberByType);

    /// <summary>The words, in lower case.</summary>
    public IReadOnlyList<string> Words { get; }

    public static Outcome<SearchTerms> Read(JsonElement term, JsonElement keys)
    {
        if (term.ValueKind != JsonValueKind.String)
            return MatrixError.InvalidParam("'search_term' must be a string");
        var text = term.GetString()!;
        text = text[..Math.Min(text.Length, MaxTermLength)];
        var fields = s_fields.ToDictionary(f => f.Type, f => f.Member, StringComparer.Ordinal);
        if (keys.ValueKind == JsonValueKind.Array)
        {
            if (keys.EnumerateArray().Any(k => k.ValueKind != JsonValueKind.String))
                return MatrixError.BadJson("'keys' must be a list of strings");
            var wanted = keys.EnumerateArray().Select(k => k.GetString()).ToHashSet(StringComparer.Ordinal);
            fields = s_fields.Where(f => wanted.Contains(f.Key)).ToDictionary(f => f.Type, f => f.Member, StringComparer.Ordinal);
        }

        return new SearchTerms([.. Split(text).Distinct(StringComparer.Ordinal).Take(MaxWords)], fields);
    }

    /// <summary>How well an event matches: the share of its words that are looked for; 0 if it does not match.</summary>
    public double Rank(EventRow row)
    {
        if (Words.Count == 0 || row.RedactedBy is not null || !_memberByType.TryGetValue(row.Type, out var member) || TextOf(row, member) is not { } text)
            return 0;
        var found = new bool[Words.Count];
        var (words, hits) = (0, 0);
        foreach (var word in Split(text.Length > MaxTextLength ? text[..MaxTextLength] : text))
        {
            words++;
            for (var i = 0; i < Words.Count; i++)
            {
                if (!word.StartsWith(Words[i], StringComparison.Ordinal))
                    continue;
                found[i] = true;
                hits++;
            }
        }

        return Array.TrueForAll(found, f => f) ? (double)hits / words : 0;
    }

    private static IEnumerable<string> Split(string text)
    {
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            // Marks and surrogates count as letters, so that no script is cut within a word.
            var inWord = i < text.Length && IsInWord(text[i]);
            if (inWord && start < 0)
                start = i;
            if (inWord || start < 0)
                continue;
            yield return text[start..i].ToLowerInvariant();
            start = -1;
        }
    }

    private static bool IsInWord(char letter) =>
        char.IsAscii(letter) ? char.IsAsciiLetterOrDigit(letter) : !char.IsWhiteSpace(letter) && !char.IsPunctuation(letter) && !char.IsControl(letter);

    private static string? TextOf(EventRow row, string member)
    {
        return JsonBytes.TryParseObject(row.Json, out var json) && json.TryGetProperty("content"u8, out var content)
            && content.ValueKind == JsonValueKind.Object && content.TryGetProperty(member, out var text) && text.ValueKind == JsonValueKind.String
                ? text.GetString() : null;
    }
}
