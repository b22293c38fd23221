using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>space_hierarchy.yaml: a space and its children for other servers.</summary>
internal static class SpaceHierarchy
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/federation/v1/hierarchy/{roomId}", GetAsync, EndpointOptions.Server);

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var suggestedOnly = request.QueryBool("suggested_only");
        return request.Error ?? MatrixResponse.From(await request.Grain<IRoomListingGrain>(roomId).ServeHierarchy(request.Origin, suggestedOnly));
    }
}
