using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>relations.yaml.</summary>
internal static class Relations
{
    private const string Path = "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}";
    private const int MaxLimit = 500;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(Path, request => GetAsync(request, false, false), EndpointOptions.Guest);
        routes.MapMatrixGet(Path + "/{relType}", request => GetAsync(request, true, false), EndpointOptions.Guest);
        routes.MapMatrixGet(Path + "/{relType}/{eventType}", request => GetAsync(request, true, true), EndpointOptions.Guest);
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request, bool hasRelType, bool hasEventType)
    {
        var (roomId, eventId) = (request.RouteRoomId(), request.RouteEventId());
        var direction = request.Query("dir");
        if (direction is not (null or "b" or "f"))
            request.Fail(MatrixError.InvalidParam("'dir' must be b or f"));
        var relations = new RelationsRequest(
            request.Requester, eventId, hasRelType ? request.Route("relType") : null, hasEventType ? request.Route("eventType") : null,
            request.Query("from"), request.Query("to"), direction != "f", (int)request.QueryInteger("limit", 50, 1, MaxLimit), request.QueryBool("recurse"));
        return request.Error is { } error ? error : MatrixResponse.From(await request.Grain<IRoomReaderGrain>(roomId).Relations(relations));
    }
}
