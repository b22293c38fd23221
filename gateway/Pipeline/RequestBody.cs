using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Reads a request body within its limit, and JSON in it strictly: UTF-8, no lone surrogates, bounded depth. Duplicate keys: the last one wins.
/// </summary>
internal static class RequestBody
{
    private const int FirstBuffer = 4096;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 100 };

    /// <summary>The whole body, which the request keeps; 413 M_TOO_LARGE if it is longer than <paramref name="limit"/> bytes.</summary>
    public static ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(MatrixRequest request, long limit) =>
        ReadAsync(request.Http, limit, null, request.Http.RequestAborted, request);

    /// <summary>The same of somebody who is not known yet: 429 M_LIMIT_EXCEEDED if there is no memory for it, 408 if it does not come in time.</summary>
    public static async ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(HttpContext context, long limit, BodyBudget.Lease lease, TimeProvider time)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
            return ReadOnlyMemory<byte>.Empty;
        using var late = new CancellationTokenSource(s_patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, context.RequestAborted);
        try
        {
            return await ReadAsync(context, limit, lease, stop.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            return MatrixError.Unknown("The body took too long", StatusCodes.Status408RequestTimeout);
        }
    }

    private static async ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(
        HttpContext context, long limit, BodyBudget.Lease? lease, CancellationToken stop, MatrixRequest? keeper = null)
    {
        var length = context.Request.ContentLength;
        if (length > limit)
            return MatrixError.TooLarge();
        if (length == 0)
            return ReadOnlyMemory<byte>.Empty;

        // A declared length is not trusted with memory beyond the first 64 KiB until the bytes arrive.
        var size = (int)Math.Min(length + 1 ?? FirstBuffer, 64 * 1024);
        if (lease?.TryGrow(size) == false)
            return MatrixError.LimitExceeded(BodyBudget.RetryAfterMs);
        var buffer = new byte[size];
        var used = 0;
        while (true)
        {
            var read = await context.Request.Body.ReadAsync(buffer.AsMemory(used), stop);
            if (read == 0)
            {
                keeper?.Keep(buffer.AsMemory(0, used));
                return new ReadOnlyMemory<byte>(buffer, 0, used);
            }

            used += read;
            if (used > limit)
                return MatrixError.TooLarge();
            if (used < buffer.Length)
                continue;
            size = (int)Math.Min(Math.Min(buffer.Length * 2L, limit + 1), length + 1 ?? long.MaxValue);
            if (lease?.TryGrow(size - buffer.Length) == false)
                return MatrixError.LimitExceeded(BodyBudget.RetryAfterMs);
            Array.Resize(ref buffer, size);
        }
    }

    /// <summary>The text of a JSON object, without what stands around it: M_NOT_JSON, or M_BAD_JSON for another value. Nothing is made of it.</summary>
    public static Outcome<ReadOnlyMemory<byte>> CheckObject(ReadOnlyMemory<byte> utf8)
    {
        if (FindTextFault(utf8.Span) is { } fault)
            return fault;
        try
        {
            var reader = new Utf8JsonReader(utf8.Span, new JsonReaderOptions { MaxDepth = s_options.MaxDepth });
            reader.Read();
            var (isObject, start) = (reader.TokenType == JsonTokenType.StartObject, (int)reader.TokenStartIndex);
            var end = start;
            while (reader.Read())
                end = (int)reader.BytesConsumed;
            return isObject ? utf8[start..end] : MatrixError.BadJson("Content must be a JSON object");
        }
        catch (JsonException)
        {
            return MatrixError.NotJson();
        }
    }

    /// <summary>Parses any JSON value: M_NOT_JSON if it is none.</summary>
    public static Outcome<JsonDocument> Parse(ReadOnlyMemory<byte> utf8)
    {
        if (FindTextFault(utf8.Span) is { } fault)
            return fault;
        try
        {
            return JsonDocument.Parse(utf8, s_options);
        }
        catch (JsonException)
        {
            return MatrixError.NotJson();
        }
    }

    private static MatrixError? FindTextFault(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
            return MatrixError.NotJson("Content is not valid UTF-8");
        return HasLoneSurrogate(utf8) ? MatrixError.NotJson("Content has an unpaired surrogate") : null;
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
