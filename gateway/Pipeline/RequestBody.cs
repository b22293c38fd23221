using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>Reads a request body within its limit, and JSON in it strictly: UTF-8, no lone surrogates, bounded depth. Duplicate keys: the last one wins.</summary>
internal static class RequestBody
{
    private const int FirstBuffer = 4096;
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 100 };

    /// <summary>The whole body; 413 M_TOO_LARGE if it is longer than <paramref name="limit"/> bytes.</summary>
    public static async ValueTask<Result<ReadOnlyMemory<byte>>> ReadAsync(HttpContext context, long limit)
    {
        var length = context.Request.ContentLength;
        if (length > limit)
            return MatrixError.TooLarge();
        if (length == 0)
            return ReadOnlyMemory<byte>.Empty;

        // A declared length is not trusted with memory beyond the first 64 KiB until the bytes arrive.
        var buffer = new byte[Math.Min(length + 1 ?? FirstBuffer, 64 * 1024)];
        var used = 0;
        while (true)
        {
            var read = await context.Request.Body.ReadAsync(buffer.AsMemory(used), context.RequestAborted);
            if (read == 0)
                return new ReadOnlyMemory<byte>(buffer, 0, used);
            used += read;
            if (used > limit)
                return MatrixError.TooLarge();
            if (used == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, limit + 1));
        }
    }

    /// <summary>Parses any JSON value: M_NOT_JSON if it is none.</summary>
    public static Result<JsonDocument> Parse(ReadOnlyMemory<byte> utf8)
    {
        if (!Utf8.IsValid(utf8.Span))
            return MatrixError.NotJson("Content is not valid UTF-8");
        if (HasLoneSurrogate(utf8.Span))
            return MatrixError.NotJson("Content has an unpaired surrogate");
        try
        {
            return JsonDocument.Parse(utf8, s_options);
        }
        catch (JsonException)
        {
            return MatrixError.NotJson();
        }
    }

    // Such strings are grammatical JSON, but no Unicode text: reading them throws. Backslashes occur in strings only, if the JSON is well-formed.
    private static bool HasLoneSurrogate(ReadOnlySpan<byte> json)
    {
        while (true)
        {
            var at = json.IndexOf((byte)'\\');
            if (at < 0 || at + 2 > json.Length)
                return false;
            json = json[at..];
            if (!TryEscapedUnit(json, out var unit))
            {
                json = json[2..];
                continue;
            }

            json = json[6..];
            if (char.IsLowSurrogate(unit))
                return true;
            if (!char.IsHighSurrogate(unit))
                continue;
            if (!TryEscapedUnit(json, out var low) || !char.IsLowSurrogate(low))
                return true;
            json = json[6..];
        }
    }

    private static bool TryEscapedUnit(ReadOnlySpan<byte> json, out char unit)
    {
        unit = default;
        if (json.Length < 6 || json[0] != '\\' || json[1] != 'u' ||
            !ushort.TryParse(json.Slice(2, 4), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value))
            return false;
        unit = (char)value;
        return true;
    }
}
