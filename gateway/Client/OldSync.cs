using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Gateway.Client;

/// <summary>old_sync.yaml (deprecated) and peeking_events.yaml, which share a path.</summary>
internal static class OldSync
{
    private const int MaxLimit = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/_matrix/client/v3/events", EventsAsync, EndpointOptions.Guest);
        routes.MapMatrixGet("/_matrix/client/v3/events/{eventId}", EventAsync, EndpointOptions.Guest);
        routes.MapMatrixGet("/_matrix/client/v3/initialSync", InitialSyncAsync);
    }

    private static IUserGrain User(MatrixRequest request) => request.Grain<IUserGrain>(request.Requester.UserId);

    private static async ValueTask<MatrixResponse> EventsAsync(MatrixRequest request)
    {
        var events = new OldEventsRequest(request.Requester, request.Query("from"), request.Query("room_id"), request.QueryInteger("timeout", 0));
        return request.Error is { } error ? error : MatrixResponse.From(await User(request).OldEvents(events, request.Aborted));
    }

    private static async ValueTask<MatrixResponse> EventAsync(MatrixRequest request)
    {
        var eventId = request.RouteEventId();
        return request.Error is { } error ? error : MatrixResponse.From(await User(request).OldEvent(request.Requester, eventId));
    }

    private static async ValueTask<MatrixResponse> InitialSyncAsync(MatrixRequest request)
    {
        var (limit, archived) = ((int)request.QueryInteger("limit", 20, 0, MaxLimit), request.QueryBool("archived"));
        return request.Error is { } error ? error : MatrixResponse.From(await User(request).OldInitialSync(request.Requester, limit, archived));
    }
}
