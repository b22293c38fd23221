using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Reading;

namespace OrleansMatrix.Gateway.Client;

/// <summary>event_context.yaml.</summary>
internal static class EventContext
{
    private const int MaxLimit = 100;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/client/v3/rooms/{roomId}/context/{eventId}", GetAsync, EndpointOptions.Guest);

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var (roomId, eventId) = (request.RouteRoomId(), request.RouteEventId());
        var (limit, filter) = ((int)request.QueryInteger("limit", 10, 0, MaxLimit), request.Query("filter"));
        return request.Error is { } error
            ? error : MatrixResponse.From(await request.Grain<IRoomReaderGrain>(roomId).Context(request.Requester, eventId, limit, filter));
    }
}
