using System.Globalization;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>A place in the server's stream up to which a device has been told everything.</summary>
/// <param name="Position">The position.</param>
/// <param name="ToDevice">Up to here it has its to-device messages; less than <paramref name="Position"/> only while it is behind with them.</param>
public readonly record struct SyncToken(long Position, long ToDevice)
{
    /// <summary>Reads <c>s12</c> or <c>s12_5</c>; null or empty text is the start.</summary>
    public static Outcome<SyncToken> Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return default(SyncToken);
        var rest = text.AsSpan(1);
        var cut = rest.IndexOf('_');
        if (text[0] != 's' || !TryNumber(cut < 0 ? rest : rest[..cut], out var position))
            return MatrixError.InvalidParam("Not a sync token of this server");
        if (cut < 0)
            return new SyncToken(position, position);
        return TryNumber(rest[(cut + 1)..], out var toDevice) && toDevice <= position
            ? new SyncToken(position, toDevice)
            : MatrixError.InvalidParam("Not a sync token of this server");
    }

    /// <inheritdoc/>
    public override string ToString() => ToDevice == Position
        ? string.Create(CultureInfo.InvariantCulture, $"s{Position}")
        : string.Create(CultureInfo.InvariantCulture, $"s{Position}_{ToDevice}");

    private static bool TryNumber(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
