using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Gateway.Client;

/// <summary>leaving.yaml.</summary>
internal static class Leaving
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var options = EndpointOptions.Guest.Limited();
        routes.MapMatrixPost("/_matrix/client/v3/rooms/{roomId}/leave", static r => MembershipRequest.ChangeOwnAsync(r, MembershipAction.Leave), options);
        routes.MapMatrixPost("/_matrix/client/v3/rooms/{roomId}/forget", ForgetAsync, options);
    }

    private static async ValueTask<MatrixResponse> ForgetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        return request.Error is { } invalid ? invalid : MatrixResponse.From(await request.Grain<IRoomGrain>(roomId).Forget(request.Requester.UserId));
    }
}
