using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>sync.yaml.</summary>
internal static class Sync
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixGet("/_matrix/client/v3/sync", SyncAsync, EndpointOptions.Guest);

    private static async ValueTask<MatrixResponse> SyncAsync(MatrixRequest request)
    {
        var presence = request.Query("set_presence");
        if (presence is not (null or "online" or "unavailable" or "offline"))
            request.Fail(MatrixError.InvalidParam("'set_presence' must be online, unavailable or offline"));
        var sync = new SyncRequest(
            request.Requester, request.Query("since"), request.Query("filter"), request.QueryBool("full_state"), presence,
            request.QueryInteger("timeout", 0), request.QueryBool("use_state_after"));
        return request.Error is { } error
            ? error
            : MatrixResponse.From(await request.Grain<IUserGrain>(request.Requester.UserId).Sync(sync, request.Aborted));
    }
}
