using Microsoft.AspNetCore.Http;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>What holds for all of <c>/_matrix</c>, whether an endpoint is there or not: CORS, OPTIONS, HEAD, M_UNRECOGNIZED.</summary>
internal static class MatrixMiddleware
{
    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path;
        var isMatrix = path.StartsWithSegments("/_matrix", StringComparison.Ordinal) || path.StartsWithSegments("/_synapse", StringComparison.Ordinal);
        if (!isMatrix && !path.StartsWithSegments("/.well-known", StringComparison.Ordinal))
        {
            await next(context);
            return;
        }

        AddHeaders(context);
        HistoricPaths.Rewrite(context.Request);

        // C-S API, Web Browser Clients: no logic of the endpoint may run.
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        // Kestrel knows what was asked and sends no body.
        if (HttpMethods.IsHead(context.Request.Method))
            context.Request.Method = HttpMethods.Get;
        await next(context);
        if (isMatrix && !context.Response.HasStarted && context.Response is { ContentType: null, ContentLength: null })
            await AnswerUnrecognizedAsync(context);
    }

    internal static void AddHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlAllowMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
        headers.AccessControlAllowHeaders = "X-Requested-With, Content-Type, Authorization";
    }

    // C-S API, Common error codes, M_UNRECOGNIZED.
    private static Task AnswerUnrecognizedAsync(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => ResponseWriter.WriteAsync(context, MatrixError.Unrecognized()),
        StatusCodes.Status405MethodNotAllowed => ResponseWriter.WriteAsync(context, MatrixError.MethodNotAllowed()),
        _ => Task.CompletedTask,
    };
}
