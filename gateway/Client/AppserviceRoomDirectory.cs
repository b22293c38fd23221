using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>appservice_room_directory.yaml: rooms in the lists of application services' networks.</summary>
internal static class AppserviceRoomDirectory
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPut("/_matrix/client/v3/directory/list/appservice/{networkId}/{roomId}", SetAsync);

    private static async ValueTask<MatrixResponse> SetAsync(MatrixRequest request)
    {
        var network = request.Route("networkId");
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        if (request.Requester.AppServiceId is null)
            return MatrixError.Forbidden("Only application services may do this");
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var visibility = body.String("visibility");
        if (body.Error is { } wrong)
            return wrong;
        if (visibility is not ("public" or "private"))
            return MatrixError.InvalidParam("visibility must be public or private");
        return MatrixResponse.From(await request.Grain<IRoomListingGrain>(roomId).SetPublicInNetwork(network, visibility == "public"));
    }
}
