using System.Globalization;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>
/// Pagination tokens. A token is a cut in a room's history just behind the place <see cref="After"/>: going back from it starts with the event at that place,
/// going forward with the next one. <c>t12_3</c> is behind (12, -3), <c>t-12</c> behind (-12, 0); sync tokens, <c>s12</c>, are behind the live event at 12.
/// </summary>
public static class HistoryToken
{
    /// <summary>The cut just behind a place.</summary>
    public static string After(HistoryOrder place) =>
        place.Minor == 0 ? string.Create(CultureInfo.InvariantCulture, $"t{place.Anchor}")
            : string.Create(CultureInfo.InvariantCulture, $"t{place.Anchor}_{-place.Minor}");

    /// <summary>The cut just before a place.</summary>
    public static string Before(HistoryOrder place) => After(JustBefore(place));

    /// <summary>The last place before the given one where an event may stand.</summary>
    public static HistoryOrder JustBefore(HistoryOrder place) => place with { Minor = place.Minor - 1 };

    /// <summary>Reads a pagination or sync token; null for null or empty text.</summary>
    public static Outcome<HistoryOrder?> Parse(string? token)
    {
        if (string.IsNullOrEmpty(token))
            return (HistoryOrder?)null;
        var text = token.AsSpan(1);
        var cut = text.IndexOf('_');
        var anchorText = cut < 0 ? text : text[..cut];
        var minor = 0L;
        if (token[0] is not ('t' or 's') || !TryNumber(anchorText, out var anchor, maySign: token[0] == 't') ||
            (cut >= 0 && !TryNumber(text[(cut + 1)..], out minor)))
            return MatrixError.InvalidParam("Not a token of this server");
        return (HistoryOrder?)new HistoryOrder(anchor, token[0] == 't' ? -minor : 0);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out long number, bool maySign = false) =>
        long.TryParse(text, maySign ? NumberStyles.AllowLeadingSign : NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
