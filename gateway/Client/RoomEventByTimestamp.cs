using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>room_event_by_timestamp.yaml.</summary>
internal static class RoomEventByTimestamp
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/client/v1/rooms/{roomId}/timestamp_to_event", GetAsync, EndpointOptions.Guest.Limited().AskingServers());

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var direction = request.RequiredQuery("dir");
        request.RequiredQuery("ts");
        if (request.Error is null && direction is not ("b" or "f"))
            request.Fail(MatrixError.InvalidParam("'dir' must be b or f"));
        var timestamp = request.QueryInteger("ts", 0, long.MinValue);
        return request.Error is { } error
            ? error : MatrixResponse.From(await request.Grain<IRoomReaderGrain>(roomId).EventByTimestamp(request.Requester, timestamp, direction == "b"));
    }
}
