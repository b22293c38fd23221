using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Reads a request body within its limit. JSON in it is held to the limits of <see cref="JsonText"/>. Duplicate keys: the last one wins.
/// </summary>
internal static class RequestBody
{
    private const int FirstBuffer = 4096;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

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

    /// <summary>
    /// The text of a JSON object, without what stands around it: M_NOT_JSON, or M_BAD_JSON for another value or one that has no canonical form. Nothing is made
    /// of it.
    /// </summary>
    public static Outcome<ReadOnlyMemory<byte>> CheckObject(ReadOnlyMemory<byte> utf8, int maxDepth)
    {
        if (JsonText.FindFault(utf8.Span, maxDepth) is { } fault)
            return fault;
        utf8 = Trim(utf8);
        return utf8.Span[0] == '{' ? utf8 : MatrixError.BadJson("Content must be a JSON object");
    }

    private static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> json)
    {
        var text = json.Span;
        var start = text.IndexOfAnyExcept(" \n\r\t"u8);
        return json[start..(text.LastIndexOfAnyExcept(" \n\r\t"u8) + 1)];
    }
}
