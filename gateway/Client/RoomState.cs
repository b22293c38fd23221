using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Client;

/// <summary>room_state.yaml: state events.</summary>
internal static class RoomState
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPut(
            "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey?}", SetAsync,
            EndpointOptions.Guest.Limited() with { RefuseSuspended = true, ShowsActivity = true });

    private static async ValueTask<MatrixResponse> SetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var type = request.Route("eventType");
        var stateKey = request.Route("stateKey");
        var timestamp = RoomSend.TimestampOf(request);
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadObjectBytesAsync()).TryGet(out var content, out var error))
            return error;
        if (type == "m.room.member" && IsInvite(content) && await request.LimitAsync(RateClass.Outreach) is { } tooMany)
            return tooMany;
        var state = new StateToSet(request.Requester, type, stateKey, content, timestamp);
        return MatrixResponse.From(await request.Grain<IRoomGrain>(roomId).SetState(state), static (w, eventId) => w.WriteString("event_id"u8, eventId));
    }

    // An invite by this way counts as one by the other.
    private static bool IsInvite(ReadOnlyMemory<byte> content)
    {
        using var json = JsonText.Parse(content);
        return json.RootElement.TryGetProperty("membership"u8, out var membership) && membership.ValueKind == JsonValueKind.String &&
            membership.ValueEquals("invite"u8);
    }
}
