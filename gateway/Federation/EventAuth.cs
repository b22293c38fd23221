using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>event_auth.yaml: the auth chain of an event.</summary>
internal static class EventAuth
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/_matrix/federation/v1/event_auth/{roomId}/{eventId}", GetAsync, EndpointOptions.Server);

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var eventId = request.RouteEventId();
        if (request.Error is { } invalid)
            return invalid;
        var reader = request.Grain<IServerReaderGrain>(roomId);
        var chain = await reader.EventAuth(request.Origin, eventId);
        return chain.Error is { } error ? error : new PduLists(reader, [("auth_chain", chain.Value)]).Respond();
    }
}
