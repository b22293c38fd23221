using Microsoft.AspNetCore.Http;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>What holds for all of <c>/_matrix</c>, whether an endpoint is there or not: CORS, OPTIONS, HEAD, M_UNRECOGNIZED.</summary>
internal sealed class MatrixMiddleware(RouteTable table, RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path;
        var isMatrix = path.StartsWithSegments("/_matrix", StringComparison.Ordinal) || path.StartsWithSegments("/_synapse", StringComparison.Ordinal);
        if (!isMatrix && !path.StartsWithSegments("/.well-known", StringComparison.Ordinal))
            return next(context);

        AddHeaders(context);
        HistoricPaths.Rewrite(context.Request);

        // C-S API, Web Browser Clients: no logic of the endpoint may run.
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        // Kestrel knows what was asked and sends no body.
        if (HttpMethods.IsHead(context.Request.Method))
            context.Request.Method = HttpMethods.Get;
        if (table.Find(context.Request.Method, context.Request.Path.Value ?? "", out var allowed) is { } endpoint)
            return endpoint.InvokeAsync(context);
        return isMatrix ? AnswerUnrecognizedAsync(context, allowed) : next(context);
    }

    internal static void AddHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlAllowMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
        headers.AccessControlAllowHeaders = "X-Requested-With, Content-Type, Authorization";
    }

    // C-S API, Common error codes, M_UNRECOGNIZED.
    private static Task AnswerUnrecognizedAsync(HttpContext context, IReadOnlyCollection<string> allowed)
    {
        if (allowed.Count == 0)
            return ResponseWriter.WriteAsync(context, MatrixError.Unrecognized());
        context.Response.Headers.Allow = string.Join(", ", allowed.Order(StringComparer.Ordinal));
        return ResponseWriter.WriteAsync(context, MatrixError.MethodNotAllowed());
    }
}
