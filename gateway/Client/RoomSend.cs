using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Gateway.Client;

/// <summary>room_send.yaml: message events.</summary>
internal static class RoomSend
{
    private const string Path = "/_matrix/client/v3/rooms/{roomId}/send/{eventType}";
    private static readonly EndpointOptions s_options = EndpointOptions.Guest.Limited() with { RefuseSuspended = true, ShowsActivity = true };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPut(Path + "/{txnId}", request => SendAsync(request, request.Route("txnId")), s_options);
        // From before transaction ids; in use by old clients.
        routes.MapMatrixPost(Path, static request => SendAsync(request, null), s_options);
    }

    /// <summary>The <c>ts</c> parameter, which application services may give (AS API, Timestamp massaging); else null.</summary>
    internal static long? TimestampOf(MatrixRequest request) =>
        request.Requester.AppServiceId is not null && request.Query("ts") is not null ? request.QueryInteger("ts", 0) : null;

    private static async ValueTask<MatrixResponse> SendAsync(MatrixRequest request, string? transactionId)
    {
        var roomId = request.RouteRoomId();
        var type = request.Route("eventType");
        var timestamp = TimestampOf(request);
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadObjectBytesAsync()).TryGet(out var content, out var error))
            return error;
        var message = new EventToSend(request.Requester, type, content, transactionId, timestamp);
        return MatrixResponse.From(await request.Grain<IRoomGrain>(roomId).Send(message), static (w, eventId) => w.WriteString("event_id"u8, eventId));
    }
}
