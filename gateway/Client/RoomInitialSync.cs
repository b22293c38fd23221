using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Reading;

namespace OrleansMatrix.Gateway.Client;

/// <summary>room_initial_sync.yaml (deprecated).</summary>
internal static class RoomInitialSync
{
    private const int MaxLimit = 100;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/client/v3/rooms/{roomId}/initialSync", GetAsync, EndpointOptions.Guest);

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var limit = (int)request.QueryInteger("limit", 20, 0, MaxLimit);
        return request.Error is { } error ? error : MatrixResponse.From(await request.Grain<IRoomReaderGrain>(roomId).InitialSync(request.Requester, limit));
    }
}
