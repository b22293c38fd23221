using System.Net.Http.Headers;
using System.Text;
using Orleans.Dashboard;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;

namespace OrleansMatrix.Silo;

/// <summary>
/// Orleans' own dashboard at <c>/admin/orleans</c>, if <c>Matrix:Dashboard:Enabled</c>: silos, grains, calls and their times. A browser asks for a name and a
/// password: the password is the access token of a server administrator, the name is not looked at. It looks at every call of a grain, and needs code made at
/// run time: the native executable has <c>Native/Dashboard.cs</c> in its place.
/// </summary>
internal static class Dashboard
{
    private const string Path = "/admin/orleans";

    /// <summary>Adds what it watches the grains with.</summary>
    public static void Add(ISiloBuilder silo, MatrixSettings settings)
    {
        if (settings.DashboardEnabled)
            silo.AddDashboard();
    }

    /// <summary>Maps it, behind the question who asks.</summary>
    public static void Use(WebApplication app, MatrixSettings settings)
    {
        if (!settings.DashboardEnabled)
            return;
        app.UseWhen(
            static context => context.Request.Path.StartsWithSegments(Path, StringComparison.OrdinalIgnoreCase),
            branch => branch.Use(next => context => AnswerAsync(context, next, settings)));
        app.MapOrleansDashboard(Path);
    }

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next, MatrixSettings settings)
    {
        if (TokenOf(context.Request) is { } token && await IsAdministratorAsync(context, token, settings))
        {
            await next(context);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = "Basic realm=\"the access token of a server administrator as the password\", charset=\"UTF-8\"";
    }

    private static async Task<bool> IsAdministratorAsync(HttpContext context, string token, MatrixSettings settings)
    {
        if (!AccessToken.TryGetUser(token, AccessToken.Access, settings.ServerName, out var userId))
            return false;
        var grains = context.RequestServices.GetRequiredService<IGrainFactory>();
        var session = await grains.GetGrain<IAccountGrain>(userId)
            .Authenticate(AccessToken.Hash(token), Authenticator.AddressOf(context), Authenticator.UserAgentOf(context.Request));
        return session is { Ok: true, Value: { Locked: false, Requester: { IsAdmin: true, Suspended: false } } };
    }

    private static string? TokenOf(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header) ||
            !string.Equals(header.Scheme, "Basic", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var buffer = new byte[1024];
        if (!Convert.TryFromBase64String(header.Parameter ?? "", buffer, out var length))
            return null;
        var pair = Encoding.UTF8.GetString(buffer, 0, length);
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : pair[(colon + 1)..];
    }
}
