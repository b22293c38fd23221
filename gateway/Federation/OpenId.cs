using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>openid.yaml: who the bearer of an OpenID token is.</summary>
internal static class OpenId
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/federation/v1/openid/userinfo", GetAsync, EndpointOptions.Anonymous.Limited());

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        if (request.Query("access_token") is not { } token)
            return request.Error ?? MatrixError.MissingToken("access_token is required");
        return AccessToken.TryGetUser(token, AccessToken.OpenId, request.Settings.ServerName, out var userId) &&
            await request.Grain<IAccountGrain>(userId).HasOpenIdToken(AccessToken.Hash(token))
            ? MatrixResponse.Object(writer => writer.WriteString("sub"u8, userId))
            : MatrixError.UnknownToken(message: "Access token unknown or expired");
    }
}
