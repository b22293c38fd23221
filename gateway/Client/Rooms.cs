using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>rooms.yaml: one event, state and members.</summary>
internal static class Rooms
{
    private const string Room = "/_matrix/client/v3/rooms/{roomId}";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(Room + "/event/{eventId}", EventAsync, EndpointOptions.Guest);
        routes.MapMatrixGet(Room + "/state", StateAsync, EndpointOptions.Guest);
        routes.MapMatrixGet(Room + "/state/{eventType}/{stateKey?}", StateEventAsync, EndpointOptions.Guest);
        routes.MapMatrixGet(Room + "/members", MembersAsync, EndpointOptions.Guest);
        routes.MapMatrixGet(Room + "/joined_members", JoinedMembersAsync, EndpointOptions.Guest);
    }

    private static IRoomReaderGrain Reader(MatrixRequest request, string roomId) => request.Grain<IRoomReaderGrain>(roomId);

    private static async ValueTask<MatrixResponse> EventAsync(MatrixRequest request)
    {
        var (roomId, eventId) = (request.RouteRoomId(), request.RouteEventId());
        return request.Error is { } error ? error : MatrixResponse.From(await Reader(request, roomId).Event(request.Requester, eventId));
    }

    private static async ValueTask<MatrixResponse> StateAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        return request.Error is { } error ? error : MatrixResponse.From(await Reader(request, roomId).State(request.Requester));
    }

    private static async ValueTask<MatrixResponse> StateEventAsync(MatrixRequest request)
    {
        var (roomId, type, stateKey, format) = (request.RouteRoomId(), request.Route("eventType"), request.Route("stateKey"), request.Query("format"));
        if (format is not (null or "content" or "event"))
            request.Fail(MatrixError.InvalidParam("'format' must be content or event"));
        return request.Error is { } error
            ? error : MatrixResponse.From(await Reader(request, roomId).StateEvent(request.Requester, type, stateKey, format == "event"));
    }

    private static async ValueTask<MatrixResponse> MembersAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var (at, membership, notMembership) = (request.Query("at"), request.Query("membership"), request.Query("not_membership"));
        return request.Error is { } error
            ? error : MatrixResponse.From(await Reader(request, roomId).Members(request.Requester, at, membership, notMembership));
    }

    private static async ValueTask<MatrixResponse> JoinedMembersAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        return request.Error is { } error ? error : MatrixResponse.From(await Reader(request, roomId).JoinedMembers(request.Requester));
    }
}
