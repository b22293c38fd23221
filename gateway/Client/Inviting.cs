using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Client;

/// <summary>inviting.yaml and third_party_membership.yaml, which share their path.</summary>
internal static class Inviting
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixPost(
        "/_matrix/client/v3/rooms/{roomId}/invite", InviteAsync, EndpointOptions.User.Limited(RateClass.Outreach) with { RefuseSuspended = true });

    private static async ValueTask<MatrixResponse> InviteAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        if (body.OptionalString("user_id") is null && body.OptionalString("medium") is not null)
            return new MatrixError(ErrCodes.ThreepidMediumNotSupported, 400, "This server cannot invite by third-party identifiers");
        var userId = body.String("user_id");
        var reason = body.OptionalString("reason");
        if (body.Error is { } wrong)
            return wrong;
        if (!UserId.IsValid(userId))
            return MatrixError.InvalidParam("user_id is not a user ID");
        var change = new MembershipChange(request.Requester, MembershipAction.Invite, userId, reason);
        var outcome = await MembershipRequest.ChangeAsync(request, roomId, change);
        return outcome.Error is { } refused ? refused : MatrixResponse.Empty;
    }
}
