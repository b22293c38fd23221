using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;

namespace OrleansMatrix.Gateway.Client;

/// <summary>space_hierarchy.yaml: the tree of a space.</summary>
internal static class SpaceHierarchy
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 1000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/client/v1/rooms/{roomId}/hierarchy", GetAsync, EndpointOptions.Guest.Limited().AskingServers());

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var maxDepth = request.Query("max_depth") is null ? (int?)null : (int)request.QueryInteger("max_depth", 0, max: int.MaxValue);
        var query = new HierarchyQuery(
            request.QueryBool("suggested_only"), (int)request.QueryInteger("limit", DefaultLimit, min: 1, max: MaxLimit), maxDepth, request.Query("from"));
        return request.Error ?? MatrixResponse.From(await request.Grain<IRoomListingGrain>(roomId).Hierarchy(request.Requester, query));
    }
}
