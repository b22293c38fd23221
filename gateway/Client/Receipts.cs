using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Gateway.Client;

/// <summary>receipts.yaml.</summary>
internal static class Receipts
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPost(
            "/_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}", PostAsync, EndpointOptions.User.Limited() with { ShowsActivity = true });

    private static async ValueTask<MatrixResponse> PostAsync(MatrixRequest request)
    {
        var (roomId, type, eventId) = (request.RouteRoomId(), request.Route("receiptType"), request.RouteEventId());
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
            return error;
        var thread = body.OptionalString("thread_id", 255);
        return body.Error is { } wrong
            ? wrong : MatrixResponse.From(
            await request.Grain<IUserGrain>(request.Requester.UserId).SetReceipt(new ReceiptToSet(roomId, type, eventId, thread)));
    }
}
