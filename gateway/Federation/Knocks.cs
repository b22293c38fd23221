using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>knocks.yaml: users of other servers knock (S-S API, Knocking upon a room).</summary>
internal static class Knocks
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(
            "/_matrix/federation/v1/make_knock/{roomId}/{userId}", static request =>
            MembershipSteps.MakeAsync(request, Membership.Knock), EndpointOptions.Server);
        routes.MapMatrixPut("/_matrix/federation/v1/send_knock/{roomId}/{eventId}", SendAsync, EndpointOptions.Server);
    }

    private static async ValueTask<MatrixResponse> SendAsync(MatrixRequest request) =>
        MatrixResponse.From(await MembershipSteps.SendAsync(request, Membership.Knock), static (writer, accepted) =>
        {
            writer.WritePropertyName("knock_room_state"u8);
            writer.WriteRaw(accepted.RoomState.Span);
        });
}
