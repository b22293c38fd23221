using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansMatrix.Grains.Abstractions;
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

    /// <summary>
    /// The whole body, which the request keeps: 413 M_TOO_LARGE if it is longer than <paramref name="limit"/> bytes, 429 M_LIMIT_EXCEEDED if there is no memory
    /// for it, 408 if it does not come in time.
    /// </summary>
    public static ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(MatrixRequest request, long limit, ShareBudget.Lease lease) =>
        ReadAsync(request.Http, limit, lease, RequestMemory.Free, request, request.Time);

    /// <summary>The same of somebody who is not known yet.</summary>
    public static ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(HttpContext context, long limit, ShareBudget.Lease lease, TimeProvider time) =>
        ReadAsync(context, limit, lease, 0, null, time);

    private static async ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(
        HttpContext context, long limit, ShareBudget.Lease lease, int free, MatrixRequest? keeper, TimeProvider time)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
            return ReadOnlyMemory<byte>.Empty;
        if (context.Request.ContentLength <= free)
            return await ReadAsync(context, limit, lease, free, keeper, context.RequestAborted);
        using var late = new CancellationTokenSource(s_patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(late.Token, context.RequestAborted);
        try
        {
            return await ReadAsync(context, limit, lease, free, keeper, stop.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            return MatrixError.Unknown("The body took too long", StatusCodes.Status408RequestTimeout);
        }
    }

    private static async ValueTask<Outcome<ReadOnlyMemory<byte>>> ReadAsync(
        HttpContext context, long limit, ShareBudget.Lease lease, int free, MatrixRequest? keeper, CancellationToken stop)
    {
        var length = context.Request.ContentLength;
        if (length > limit)
            return MatrixError.TooLarge();
        if (length == 0)
            return ReadOnlyMemory<byte>.Empty;

        // A declared length is not trusted with memory beyond the first 64 KiB until the bytes arrive.
        using var bytes = new PooledBytes((int)Math.Min(length + 1 ?? FirstBuffer, 64 * 1024));
        var counted = free;
        while (true)
        {
            var room = bytes.GetMemory();
            if (bytes.Capacity > counted)
            {
                if (!lease.TryGrow(bytes.Capacity - counted))
                    return MatrixError.LimitExceeded(ShareBudget.RetryAfterMs);
                counted = bytes.Capacity;
            }

            var read = await context.Request.Body.ReadAsync(room, stop);
            if (read == 0)
            {
                var body = bytes.ToArray();
                keeper?.Keep(body);
                return new ReadOnlyMemory<byte>(body);
            }

            bytes.Advance(read);
            if (bytes.Length > limit)
                return MatrixError.TooLarge();
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
