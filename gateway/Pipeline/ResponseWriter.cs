using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>Writes answers; the one place where an error becomes a status and a JSON body.</summary>
internal static class ResponseWriter
{
    private const int Slice = 64 * 1024;
    private const string JsonType = "application/json";
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static Task WriteAsync(HttpContext context, MatrixResponse response)
    {
        if (response.Raw is { } raw)
            return raw(context.Response);
        if (response.Error is { } error)
            return WriteAsync(context, error);
        if (response.Write is not { } write)
            return response.Lease is null ? WriteAsync(context, response.Bytes, response.Status) : WriteHeldAsync(context, response);
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, s_options))
            write(writer);
        return WriteAsync(context, buffer.WrittenMemory, response.Status);
    }

    private static async Task WriteHeldAsync(HttpContext context, MatrixResponse response)
    {
        using (response.Lease)
            await WriteAsync(context, response.Bytes, response.Status);
    }

    public static Task WriteAsync(HttpContext context, MatrixError error)
    {
        if (error.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = RetryAfterSeconds(error).ToString(CultureInfo.InvariantCulture);

        // What is left of a body beyond the allowance is not read: the client must know before it sends another request.
        if (error.Status == StatusCodes.Status413PayloadTooLarge && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        if (error is { ErrCode: ErrCodes.UserLimitExceeded, Extra.IsEmpty: true })
            error = error.With(w => w.WriteString("info_uri"u8, $"{context.Request.Scheme}://{context.Request.Host}{LimitsPage.Path}"));
        return WriteAsync(context, error.ToJson(), error.Status);
    }

    private static Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> json, int status)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = JsonType;
        response.ContentLength = json.Length;
        return json.Length <= Slice ? response.Body.WriteAsync(json, context.RequestAborted).AsTask() : WriteSlicesAsync(context, json);
    }

    // What is written at once, Kestrel copies into its own buffers at once.
    private static async Task WriteSlicesAsync(HttpContext context, ReadOnlyMemory<byte> json)
    {
        for (; json.Length > 0; json = json[Math.Min(Slice, json.Length)..])
            await context.Response.Body.WriteAsync(json[..Math.Min(Slice, json.Length)], context.RequestAborted);
    }

    // C-S API, Rate limiting: the header is the current way, retry_after_ms the deprecated one. 503: RFC 9110, 15.6.4.
    private static long RetryAfterSeconds(MatrixError error)
    {
        if (error.Extra.IsEmpty)
            return 1;
        using var extra = JsonText.Parse(error.Extra);
        return extra.RootElement.TryGetProperty("retry_after_ms"u8, out var ms) && ms.TryGetInt64(out var value) ? (value + 999) / 1000 : 1;
    }
}
