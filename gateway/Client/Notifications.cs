using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Gateway.Client;

/// <summary>notifications.yaml.</summary>
internal static class Notifications
{
    private const int MaxLimit = 500;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixGet("/_matrix/client/v3/notifications", GetAsync);

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var (from, limit, only) = (request.Query("from"), (int)request.QueryInteger("limit", 20, 1, MaxLimit), request.Query("only"));
        if (request.Error is { } error)
            return error;
        return MatrixResponse.From(
            await request.Grain<IUserGrain>(request.Requester.UserId).Notifications(request.Requester, from, limit, only, request.Aborted));
    }
}
