using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo;

/// <summary><c>GET /health</c>: 200 if storage answers within two seconds, else 503.</summary>
internal static class Health
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    public static bool IsAsked(HttpRequest request) => request.Path == "/health" && HttpMethods.IsGet(request.Method);

    public static async Task AnswerAsync(HttpContext context, IStorage storage, TimeProvider time)
    {
        using var timeout = new CancellationTokenSource(s_timeout, time);
        var healthy = true;
        try
        {
            await storage.PingAsync(timeout.Token).WaitAsync(timeout.Token);
        }
        catch (Exception)
        {
            healthy = false;
        }

        context.Response.StatusCode = healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(healthy ? """{"status":"ok"}""" : """{"status":"storage does not answer"}""");
    }
}
