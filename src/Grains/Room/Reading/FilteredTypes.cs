using System.Collections.Frozen;
using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>Event types as filters name them: "A '*' can be used as a wildcard to match any sequence of characters" (C-S API, Filtering). Immutable.</summary>
public sealed class FilteredTypes
{
    /// <summary>Each of them is compared with each event that the filter meets.</summary>
    private const int MostPatterns = 100;

    /// <summary>No type is longer (C-S API, Size limits).</summary>
    private const int MaxLength = 255;

    private readonly FrozenSet<string> _types;
    private readonly ImmutableArray<string> _patterns;

    private FilteredTypes(FrozenSet<string> types, ImmutableArray<string> patterns) => (_types, _patterns) = (types, patterns);

    /// <summary>True if there are none.</summary>
    public bool IsEmpty => _types.Count == 0 && _patterns.IsEmpty;

    /// <summary>Null if there are more than 100 with a wildcard, or one of these is longer than types are.</summary>
    public static FilteredTypes? Of(IReadOnlyCollection<string> texts)
    {
        ImmutableArray<string> patterns = [.. texts.Where(static text => text.Contains('*', StringComparison.Ordinal)).Distinct()];
        return patterns.Length > MostPatterns || patterns.Any(static pattern => pattern.Length > MaxLength) ? null
            : new FilteredTypes(texts.Where(static text => !text.Contains('*', StringComparison.Ordinal)).ToFrozenSet(StringComparer.Ordinal), patterns);
    }

    /// <summary>Whether the type is among them.</summary>
    public bool Contains(string type)
    {
        if (_types.Contains(type))
            return true;
        foreach (var pattern in _patterns)
        {
            if (Matches(pattern, type))
                return true;
        }

        return false;
    }

    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        var (p, t, star, retry) = (0, 0, -1, 0);
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
                (star, retry) = (p++, t);
            else if (p < pattern.Length && pattern[p] == text[t])
                (p, t) = (p + 1, t + 1);
            else if (star >= 0)
                (p, t) = (star + 1, ++retry);
            else
                return false;
        }

        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }
}
