using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>leaving-v1.yaml and leaving-v2.yaml: users of other servers leave or reject invites (S-S API, Leaving Rooms).</summary>
internal static class Leaving
{
    private static readonly byte[] s_answerV1 = "[200,{}]"u8.ToArray();

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(
            "/_matrix/federation/v1/make_leave/{roomId}/{userId}", static request =>
            MembershipSteps.MakeAsync(request, Membership.Leave), EndpointOptions.Server);
        routes.MapMatrixPut("/_matrix/federation/v1/send_leave/{roomId}/{eventId}", static request =>
            SendAsync(request, s_answerV1, isV1: true), EndpointOptions.Server);
        routes.MapMatrixPut("/_matrix/federation/v2/send_leave/{roomId}/{eventId}", static request =>
            SendAsync(request, "{}"u8.ToArray()), EndpointOptions.Server);
    }

    private static async ValueTask<MatrixResponse> SendAsync(MatrixRequest request, byte[] answer, bool isV1 = false) =>
        (await MembershipSteps.SendAsync(request, Membership.Leave, isV1)).Error is { } error ? error : MatrixResponse.Json(answer);
}
