using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Protocol.Json;

/// <summary>
/// The one way in and out for JSON text (ADR 0111). What comes from outside is held to one limit of depth and one range of numbers; what reads and writes
/// inside takes twice that depth, so that an answer, a transaction or a signature can be put around anything that was let in.
/// </summary>
public static class JsonText
{
    /// <summary>The deepest nesting of arrays and objects in what comes from outside: a client's body, an event, an EDU, a key.</summary>
    public const int MaxDepth = 100;

    /// <summary>The deepest nesting that is read inside: <see cref="MaxDepth"/> and whatever is put around it.</summary>
    public const int MaxDepthInside = 2 * MaxDepth;

    private static readonly JsonDocumentOptions s_inside = new() { MaxDepth = MaxDepthInside };

    /// <summary>
    /// What is wrong with one JSON value from outside: M_NOT_JSON if it is none, M_BAD_JSON if it has no canonical form: a lone surrogate, a number beyond a
    /// double, or deeper nesting than <paramref name="maxDepth"/>. Null if it can be kept and relayed.
    /// </summary>
    public static MatrixError? FindFault(ReadOnlySpan<byte> utf8, int maxDepth = MaxDepth)
    {
        var fault = Scan(utf8, maxDepth);
        return fault == JsonFault.None ? null : fault.ToError();
    }

    /// <summary>Parses one JSON value from outside; the errors of <see cref="FindFault"/>.</summary>
    public static Outcome<JsonDocument> Read(ReadOnlyMemory<byte> utf8, int maxDepth = MaxDepth) =>
        FindFault(utf8.Span, maxDepth) is { } fault ? fault : Parse(utf8);

#pragma warning disable RS0030 // These four alone, with room for what is put around.
    /// <summary>Parses what was let in before, or was written here.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        return JsonDocument.Parse(utf8, s_inside);
    }

    /// <summary>A reader of the same.</summary>
    public static Utf8JsonReader Reader(ReadOnlySpan<byte> utf8, int maxDepth = MaxDepthInside)
    {
        return new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = maxDepth });
    }

    /// <summary>A reader of a stream's next bytes.</summary>
    public static Utf8JsonReader Reader(ReadOnlySpan<byte> utf8, bool isFinal, JsonReaderState state)
    {
        return new Utf8JsonReader(utf8, isFinal, state);
    }

    /// <summary>Writes a value that was checked when it was let in.</summary>
    public static void WriteRaw(this Utf8JsonWriter writer, ReadOnlySpan<byte> utf8)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteRawValue(utf8, skipInputValidation: true);
    }
#pragma warning restore RS0030

    /// <summary>Whether stored bytes are JSON that can be written into an answer. Older versions let in deeper nesting than <see cref="MaxDepth"/>.</summary>
    public static bool IsReadable(ReadOnlySpan<byte> utf8) => Scan(utf8, MaxDepthInside) == JsonFault.None;

    private static JsonFault Scan(ReadOnlySpan<byte> utf8, int maxDepth)
    {
        if (!Utf8.IsValid(utf8))
            return JsonFault.InvalidUtf8;
        var reader = Reader(utf8, maxDepth + 1);
        try
        {
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartObject or JsonTokenType.StartArray when reader.CurrentDepth >= maxDepth:
                        return JsonFault.TooDeep;
                    case JsonTokenType.Number when !IsFinite(reader.ValueSpan):
                        return JsonFault.OutOfRange;
                    case JsonTokenType.String or JsonTokenType.PropertyName when reader.ValueIsEscaped && HasLoneSurrogate(reader.ValueSpan):
                        return JsonFault.LoneSurrogate;
                }
            }
        }
        catch (JsonException)
        {
            return JsonFault.Syntax;
        }

        return JsonFault.None;
    }

    /// <summary>Whether a number, by the grammar one, is within the range of a double.</summary>
    internal static bool IsFinite(ReadOnlySpan<byte> number)
    {
        // Fewer digits than the largest double has cannot exceed it without an exponent.
        if (number.Length <= 300 && number.IndexOfAny((byte)'e', (byte)'E') < 0)
            return true;
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value);
    }

    // Such strings are grammatical JSON, but no Unicode text: reading them throws.
    private static bool HasLoneSurrogate(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            var at = text.IndexOf((byte)'\\');
            if (at < 0)
                return false;
            text = text[at..];
            if (text[1] != 'u')
            {
                text = text[2..];
                continue;
            }

            var unit = EscapedUnit(text);
            text = text[6..];
            if (char.IsLowSurrogate(unit))
                return true;
            if (!char.IsHighSurrogate(unit))
                continue;
            if (!text.StartsWith("\\u"u8) || !char.IsLowSurrogate(EscapedUnit(text)))
                return true;
            text = text[6..];
        }
    }

    private static char EscapedUnit(ReadOnlySpan<byte> escape) => (char)ushort.Parse(escape.Slice(2, 4), NumberStyles.AllowHexSpecifier, null);
}
