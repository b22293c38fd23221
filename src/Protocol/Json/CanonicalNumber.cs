using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace OrleansMatrix.Protocol.Json;

/// <summary>The canonical form of JSON numbers.</summary>
internal static class CanonicalNumber
{
    /// <summary>The length of the number at the start of the text; 0 when there is none by the JSON grammar.</summary>
    public static int Scan(ReadOnlySpan<byte> text, out bool isInteger)
    {
        isInteger = true;
        var i = text is [(byte)'-', ..] ? 1 : 0;
        var digits = CountDigits(text[i..]);
        if (digits == 0 || (digits > 1 && text[i] == '0'))
            return 0;
        i += digits;
        if (i < text.Length && text[i] == '.')
        {
            isInteger = false;
            digits = CountDigits(text[++i..]);
            if (digits == 0)
                return 0;
            i += digits;
        }

        if (i < text.Length && text[i] is (byte)'e' or (byte)'E')
        {
            isInteger = false;
            if (++i < text.Length && text[i] is (byte)'+' or (byte)'-')
                i++;
            digits = CountDigits(text[i..]);
            if (digits == 0)
                return 0;
            i += digits;
        }

        return i;
    }

    /// <summary>Appends the canonical form of a number that <see cref="Scan"/> accepted.</summary>
    public static JsonFault Write(ReadOnlySpan<byte> number, bool isInteger, bool strict, ref ByteBuilder output)
    {
        if (isInteger)
        {
            // "Negative zero -0 MUST NOT appear": as a value it is 0.
            if (number.SequenceEqual("-0"u8))
                number = "0"u8;
            else if (strict ? !IsInRange(number) : !JsonText.IsFinite(number))
                return JsonFault.OutOfRange;
            output.Append(number);
            return JsonFault.None;
        }

        // "Float values are not permitted by this encoding"
        return strict ? JsonFault.NotAnInteger : WriteFloat(number, ref output);
    }

    private static int CountDigits(ReadOnlySpan<byte> text)
    {
        var count = 0;
        while (count < text.Length && char.IsAsciiDigit((char)text[count]))
            count++;
        return count;
    }

    private static bool IsInRange(ReadOnlySpan<byte> integer)
    {
        if (integer.Length <= 15)
            return true;
        return Utf8Parser.TryParse(integer, out long value, out _) && value is >= -CanonicalJson.MaxInteger and <= CanonicalJson.MaxInteger;
    }

    /// <summary>
    /// Room v1 to v5 only, where the specification leaves floats open but for its example: a whole number with an exponent (1e10) is
    /// written as an integer. Everything else is written as the specification's Python code writes it, the shortest decimal that reads
    /// back as the same double.
    /// </summary>
    private static JsonFault WriteFloat(ReadOnlySpan<byte> number, ref ByteBuilder output)
    {
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
            return JsonFault.OutOfRange;
        var text = !number.Contains((byte)'.') && double.IsInteger(value) && Math.Abs(value) <= CanonicalJson.MaxInteger
            ? ((long)value).ToString(CultureInfo.InvariantCulture)
            : Repr(value);
        Encoding.ASCII.GetBytes(text, output.Reserve(text.Length));
        return JsonFault.None;
    }

    private static string Repr(double value)
    {
        // .NET's "R" has the shortest digits that read back as the same double: "12.5" or "1.25E+16".
        var shortest = value.ToString("R", CultureInfo.InvariantCulture).TrimStart('-');
        var mantissaEnd = shortest.IndexOf('E', StringComparison.Ordinal);
        var mantissa = mantissaEnd < 0 ? shortest : shortest[..mantissaEnd];
        var exponent = mantissaEnd < 0 ? 0 : int.Parse(shortest.AsSpan(mantissaEnd + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        exponent += (point < 0 ? mantissa.Length : point) - 1;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var leadingZeros = digits.Length - digits.TrimStart('0').Length;
        exponent -= leadingZeros;
        digits = digits.Trim('0');
        var sign = double.IsNegative(value) ? "-" : "";
        if (digits.Length == 0)
            return sign + "0.0";

        // Python uses positional notation for exponents from -4 to 15.
        if (exponent is < -4 or > 15)
        {
            var fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length <= exponent + 1
            ? $"{sign}{digits.PadRight(exponent + 1, '0')}.0"
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }
}
