using System.Globalization;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Directory.Searching;

/// <summary>Where a search goes on.</summary>
/// <param name="UpTo">The greatest number in the index that is looked at.</param>
/// <param name="Shown">Results that were given: by rank of those from there on, by time of all that are newer.</param>
internal readonly record struct SearchToken(long UpTo, int Shown)
{
    /// <summary>Reads a token of an earlier answer; null for null or empty text.</summary>
    public static Outcome<SearchToken?> Parse(string? token)
    {
        if (string.IsNullOrEmpty(token))
            return (SearchToken?)null;
        var cut = token.IndexOf('_', StringComparison.Ordinal);
        return cut > 0 && long.TryParse(token.AsSpan(0, cut), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var upTo) &&
            int.TryParse(token.AsSpan(cut + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var shown)
            ? (SearchToken?)new SearchToken(upTo, shown) : MatrixError.InvalidParam("Not a token of this server");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{UpTo}_{Shown}");
}
