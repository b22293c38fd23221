using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>message_pagination.yaml.</summary>
internal static class MessagePagination
{
    private const int MaxLimit = 1000;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixGet("/_matrix/client/v3/rooms/{roomId}/messages", GetAsync, EndpointOptions.Guest);

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var direction = request.RequiredQuery("dir");
        if (request.Error is null && direction is not ("b" or "f"))
            request.Fail(MatrixError.InvalidParam("'dir' must be b or f"));
        var messages = new MessagesRequest(
            request.Requester, request.Query("from"), request.Query("to"), direction == "b", (int)request.QueryInteger("limit", 10, 0, MaxLimit),
            request.Query("filter"));
        return request.Error is { } error ? error : MatrixResponse.From(await request.Grain<IRoomReaderGrain>(roomId).Messages(messages));
    }
}
