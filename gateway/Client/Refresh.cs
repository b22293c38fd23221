using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>refresh.yaml: trades a refresh token for new tokens.</summary>
internal static class Refresh
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPost("/_matrix/client/v3/refresh", RefreshAsync, EndpointOptions.Anonymous.Limited(RateClass.Login));

    private static async ValueTask<MatrixResponse> RefreshAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var token = body.String("refresh_token");
        if (body.Error is { } wrong)
            return wrong;
        if (!AccessToken.TryGetUser(token, AccessToken.Refresh, request.Settings.ServerName, out var userId))
            return MatrixError.UnknownToken(message: "Unknown refresh token");
        return MatrixResponse.From(await request.Grain<IAccountGrain>(userId).Refresh(AccessToken.Hash(token)), static (writer, credentials) =>
        {
            writer.WriteString("access_token"u8, credentials.AccessToken);
            writer.WriteString("refresh_token"u8, credentials.RefreshToken);
            writer.WriteNumber("expires_in_ms"u8, credentials.ExpiresInMs ?? 0);
        });
    }
}
