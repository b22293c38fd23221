using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>openid.yaml: a token that proves to a third party who the user is.</summary>
internal static class OpenId
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixPost(
        "/_matrix/client/v3/user/{userId}/openid/request_token",
        static async request =>
        {
            if (request.RouteUserId() != request.Requester.UserId)
                request.Fail(MatrixError.Forbidden("You can only ask for a token of your own"));
            if (request.Error is { } refused)
                return refused;
            // "An empty object. Reserved for future expansion": what is in it is not looked at.
            if (!(await request.ReadObjectBytesAsync()).TryGet(out _, out var error))
                return error;
            return MatrixResponse.From(await request.Grain<IAccountGrain>(request.Requester.UserId).CreateOpenIdToken(), (writer, token) =>
            {
                writer.WriteString("access_token"u8, token.Token);
                writer.WriteString("token_type"u8, "Bearer"u8);
                writer.WriteString("matrix_server_name"u8, request.Settings.ServerName.Value);
                writer.WriteNumber("expires_in"u8, token.ExpiresInMs / 1000);
            });
        },
        EndpointOptions.User.Limited());
}
