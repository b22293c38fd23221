using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>login.yaml: logging in by password or login token.</summary>
internal static class Login
{
    private static readonly byte[] s_flows =
        """{"flows":[{"type":"m.login.password"},{"type":"m.login.token","get_login_token":true}]}"""u8.ToArray();

    public static void Map(IEndpointRouteBuilder routes)
    {
        var options = EndpointOptions.Anonymous.Limited(RateClass.Login);
        routes.MapMatrixGet("/_matrix/client/v3/login", static _ => ValueTask.FromResult(MatrixResponse.Json(s_flows)), EndpointOptions.Anonymous);
        routes.MapMatrixPost("/_matrix/client/v3/login", LogInAsync, options);
    }

    private static async ValueTask<MatrixResponse> LogInAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var type = body.String("type");
        var session = CredentialsResponse.ReadSession(request, body);
        if (body.Error is { } wrong)
            return wrong;
        return type switch
        {
            "m.login.password" => await LogInWithPasswordAsync(request, body, session),
            "m.login.token" => await LogInWithTokenAsync(request, body, session),
            _ => MatrixError.Unknown("Unknown login type"),
        };
    }

    private static async ValueTask<MatrixResponse> LogInWithPasswordAsync(MatrixRequest request, BodyFields body, NewSession session)
    {
        var user = UserIdentifier.Read(body, request.Settings.ServerName);
        if (user is null && body.Error is null)
            body.Fail(MatrixError.MissingParam("Missing required key 'identifier'"));
        var password = body.String("password");
        return body.Error ?? CredentialsResponse.From(request, await request.Grain<IAccountGrain>(user!).LogInWithPassword(password, session));
    }

    private static async ValueTask<MatrixResponse> LogInWithTokenAsync(MatrixRequest request, BodyFields body, NewSession session)
    {
        var token = body.String("token");
        if (body.Error is { } error)
            return error;
        if (!AccessToken.TryGetUser(token, AccessToken.Login, request.Settings.ServerName, out var userId))
            return MatrixError.Forbidden("Invalid login token");
        return CredentialsResponse.From(request, await request.Grain<IAccountGrain>(userId).LogInWithToken(AccessToken.Hash(token), session));
    }
}
