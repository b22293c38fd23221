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
        return request.Error ?? MatrixResponse.From(await request.Grain<IServerReaderGrain>(roomId).EventAuth(request.Origin, eventId));
    }
}
