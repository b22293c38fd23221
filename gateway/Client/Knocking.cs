using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Gateway.Client;

/// <summary>knocking.yaml.</summary>
internal static class Knocking
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixPost(
        "/_matrix/client/v3/knock/{roomIdOrAlias}", KnockAsync, EndpointOptions.User.Limited(RateClass.Outreach) with { RefuseSuspended = true });

    private static async ValueTask<MatrixResponse> KnockAsync(MatrixRequest request)
    {
        if (!(await RoomReference.ResolveAsync(request)).TryGet(out var room, out var error))
            return error;
        if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out error))
            return error;
        var reason = body.OptionalString("reason");
        if (body.Error is { } wrong)
            return wrong;
        var requester = request.Requester;
        var change = new MembershipChange(requester, MembershipAction.Knock, requester.UserId, reason, room.Via);
        return MatrixResponse.From(await MembershipRequest.ChangeAsync(request, room.RoomId, change), (w, _) => w.WriteString("room_id"u8, room.RoomId));
    }
}
