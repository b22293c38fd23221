namespace OrleansMatrix.Silo;

/// <summary>
/// Whether this process is well, for those who run it. <c>GET /health</c> says whether storage, or for a gateway a silo, answers within two seconds;
/// <c>/health/live</c> whether the process answers at all; <c>/health/ready</c> whether it should be sent requests: it has started, is in its cluster, is not
/// stopping, and storage answers; <c>/health/start</c> whether it has started. 200 means yes, 503 no.
/// </summary>
internal sealed class Health(ICondition condition, TimeProvider time, IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    public static bool IsAsked(HttpRequest request) => request.Path.StartsWithSegments("/health", StringComparison.Ordinal) &&
        HttpMethods.IsGet(request.Method);

    public async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        switch (context.Request.Path.Value)
        {
            case "/health":
                await WriteAsync(context, await FaultAsync());
                break;
            case "/health/live":
                await WriteAsync(context, null);
                break;
            case "/health/ready":
                await WriteAsync(context, Started() ?? Stopping() ?? await FaultAsync());
                break;
            case "/health/start":
                await WriteAsync(context, Started());
                break;
            default:
                await next(context);
                break;
        }
    }

    private string? Started() => lifetime.ApplicationStarted.IsCancellationRequested ? null : "starting";

    private string? Stopping() =>
        lifetime.ApplicationStopping.IsCancellationRequested ? "stopping" : condition.Membership;

    private async Task<string?> FaultAsync()
    {
        using var timeout = new CancellationTokenSource(s_timeout, time);
        return await condition.FaultAsync(timeout.Token);
    }

    private static async Task WriteAsync(HttpContext context, string? problem)
    {
        context.Response.StatusCode = problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync($$"""{"status":"{{problem ?? "ok"}}"}""");
    }
}
