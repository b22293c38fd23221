using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;

namespace OrleansMatrix.Gateway.Client;

/// <summary>login_token.yaml: a token to log another device in with.</summary>
internal static class LoginToken
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixPost(
        "/_matrix/client/v1/login/get_token",
        static async request =>
        {
            if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
                return error;
            if (await UserInteractive.RequirePasswordAsync(request, body) is { } challenge)
                return challenge;
            return MatrixResponse.From(await request.Grain<IAccountGrain>(request.Requester.UserId).CreateLoginToken(), static (writer, token) =>
            {
                writer.WriteString("login_token"u8, token.Token);
                writer.WriteNumber("expires_in_ms"u8, token.ExpiresInMs);
            });
        },
        EndpointOptions.User.Limited(RateClass.Login));
}
