using System.Collections.Immutable;
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
        return await request.Grain<IEventLookupGrain>(IEventLookupGrain.Key).RoomOf(eventId) is { } roomId
            ? MatrixResponse.From(await request.Grain<IServerReaderGrain>(roomId).Event(request.Origin, eventId))
            : MatrixError.NotFound("Unknown event");
    }

    private static async ValueTask<MatrixResponse> GetStateAsync(MatrixRequest request, bool idsOnly)
    {
        var roomId = request.RouteRoomId();
        var eventId = request.RequiredQuery("event_id");
        if (request.Error is { } invalid)
            return invalid;
        var reader = request.Grain<IServerReaderGrain>(roomId);
        var state = await reader.State(request.Origin, eventId, omitMembers: false);
        if (state.Error is { } error)
            return error;
        var listing = state.Value;
        if (!idsOnly)
            return new PduLists(reader, [("auth_chain", listing.AuthChain), ("pdus", listing.State)]).Respond();
        return MatrixResponse.Object(writer =>
        {
            Write("auth_chain_ids", listing.AuthChain);
            Write("pdu_ids", listing.State);

            void Write(string name, ImmutableArray<string> ids)
            {
                writer.WriteStartArray(name);
                foreach (var id in ids)
                    writer.WriteStringValue(id);
                writer.WriteEndArray();
            }
        });
    }

    private static async ValueTask<MatrixResponse> GetByTimestampAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        request.RequiredQuery("ts");
        var timestamp = request.QueryInteger("ts", 0);
        var direction = request.RequiredQuery("dir");
        if (direction is not ("f" or "b"))
            request.Fail(MatrixError.InvalidParam("'dir' must be f or b"));
        return request.Error ??
            MatrixResponse.From(await request.Grain<IServerReaderGrain>(roomId).EventByTimestamp(request.Origin, timestamp, direction == "b"));
    }
}
