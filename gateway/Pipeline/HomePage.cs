using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary><c>GET /</c>: tells a person with a browser what this is and how to connect a client. It loads nothing from elsewhere and runs no script.</summary>
public static class HomePage
{
    private const string Style =
        "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:38rem;margin:10vh auto;padding:0 1.5rem;color:#1b1d22;background:#fff}" +
        "code{background:#eef0f4;padding:.15em .4em;border-radius:.3em;overflow-wrap:anywhere}a{color:#0b5cad}" +
        "@media(prefers-color-scheme:dark){body{color:#e6e8ec;background:#15171c}code{background:#262a33}a{color:#7db8ff}}";

    /// <summary>Whether a request is for this page.</summary>
    public static bool IsAsked(HttpRequest request) =>
        request.Path == "/" && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method));

    /// <summary>Answers it.</summary>
    public static Task AnswerAsync(HttpContext context, MatrixSettings settings)
    {
        var address = settings.PublicBaseUrl ?? $"{context.Request.Scheme}://{context.Request.Host}";
        return WriteAsync(context, settings.ServerName.Value, Render(settings, address));
    }

    /// <summary>Answers with a page of this look.</summary>
    /// <param name="context">The request.</param>
    /// <param name="title">Text.</param>
    /// <param name="main">HTML.</param>
    internal static Task WriteAsync(HttpContext context, string title, string main)
    {
        var name = WebUtility.HtmlEncode(title);
        var body = Encoding.UTF8.GetBytes($"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{name} · Matrix</title><style>{Style}</style></head>
            <body><main><h1>{name}</h1>
            {main}</main></body></html>
            """);
        var response = context.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = body.Length;
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body).AsTask();
    }

    private static string Render(MatrixSettings settings, string address)
    {
        var name = WebUtility.HtmlEncode(settings.ServerName.Value);
        var join = settings.Registration switch
        {
            { RequireToken: true } => "To register you need a registration token from the people who run this server.",
            { Enabled: true } => "Anybody may register here: your client offers it.",
            _ => "Accounts are made by the people who run this server; with a registration token from them you can register in your client.",
        };
        return $"""
            <p>This is a <a href="https://matrix.org">Matrix</a> homeserver. It works, but there is nothing to see here: you use it with a Matrix client, an app or a web page, such as
            <a href="https://matrix.org/ecosystem/clients/">one of these</a>.</p>
            <p>In the client choose to sign in on another homeserver, and enter <code>{WebUtility.HtmlEncode(address)}</code>. Users here are named <code>@alice:{name}</code>.</p>
            <p>{join}</p>
            """;
    }
}
