using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>events.yaml: single events and the state at an event.</summary>
internal static class Events
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/_matrix/federation/v1/event/{eventId}", GetEventAsync, EndpointOptions.Server);
        routes.MapMatrixGet("/_matrix/federation/v1/state/{roomId}", static request => GetStateAsync(request, idsOnly: false), EndpointOptions.Server);
        routes.MapMatrixGet("/_matrix/federation/v1/state_ids/{roomId}", static request => GetStateAsync(request, idsOnly: true), EndpointOptions.Server);
        routes.MapMatrixGet("/_matrix/federation/v1/timestamp_to_event/{roomId}", GetByTimestampAsync, EndpointOptions.Server);
    }

    private static async ValueTask<MatrixResponse> GetEventAsync(MatrixRequest request)
    {
        var eventId = request.RouteEventId();
        if (request.Error is { } invalid)
            return invalid;
        return await request.Grain<IServerReaderGrain>(eventId).RoomOf(eventId) is { } roomId
            ? MatrixResponse.From(await request.Grain<IServerReaderGrain>(roomId).Event(request.Origin, eventId))
            : MatrixError.NotFound("Unknown event");
    }

    private static async ValueTask<MatrixResponse> GetStateAsync(MatrixRequest request, bool idsOnly)
    {
        var roomId = request.RouteRoomId();
        var eventId = request.RequiredQuery("event_id");
        return request.Error ?? MatrixResponse.From(await request.Grain<IServerReaderGrain>(roomId).State(request.Origin, eventId, idsOnly));
    }

    private static async ValueTask<MatrixResponse> GetByTimestampAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        request.RequiredQuery("ts");
        var timestamp = request.QueryInteger("ts", 0);
        var direction = request.RequiredQuery("dir");
        if (direction is not ("f" or "b"))
            request.Fail(MatrixError.InvalidParam("'dir' must be f or b"));
        return request.Error ?? MatrixResponse.From(await request.Grain<IServerReaderGrain>(roomId).EventByTimestamp(request.Origin, timestamp, direction == "b"));
    }
}
