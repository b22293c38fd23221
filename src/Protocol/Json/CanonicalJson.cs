using System.Runtime.InteropServices;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Protocol.Json;

/// <summary>
/// Canonical JSON (appendices, Canonical JSON): the shortest UTF-8 encoding, keys sorted by code point, integers only.
/// </summary>
public static class CanonicalJson
{
    /// <summary>The largest integer of canonical JSON, 2^53-1; the smallest is its negative.</summary>
    public const long MaxInteger = (1L << 53) - 1;

    /// <summary>
    /// Gives the canonical form of one UTF-8 JSON value; M_NOT_JSON or M_BAD_JSON when it has none, or is nested deeper than <paramref name="maxDepth"/>.
    /// </summary>
    public static Outcome<byte[]> Encode(ReadOnlySpan<byte> json, CanonicalJsonMode mode = CanonicalJsonMode.Strict, int maxDepth = JsonText.MaxDepth)
    {
        var output = new ByteBuilder(json.Length);
        try
        {
            var fault = CanonicalJsonEncoder.Encode(json, mode, maxDepth, ref output);
            return fault == JsonFault.None ? output.Written.ToArray() : fault.ToError();
        }
        finally
        {
            output.Dispose();
        }
    }

    /// <summary>Gives the canonical form of a parsed value.</summary>
    public static Outcome<byte[]> Encode(JsonElement element, CanonicalJsonMode mode = CanonicalJsonMode.Strict) =>
        Encode(JsonMarshal.GetRawUtf8Value(element), mode);

    /// <summary>True when the text is one JSON value in exactly its canonical form.</summary>
    public static bool IsCanonical(ReadOnlySpan<byte> json, CanonicalJsonMode mode = CanonicalJsonMode.Strict)
    {
        var output = new ByteBuilder(json.Length);
        try
        {
            return CanonicalJsonEncoder.Encode(json, mode, JsonText.MaxDepth, ref output) == JsonFault.None && output.Written.SequenceEqual(json);
        }
        finally
        {
            output.Dispose();
        }
    }
}
