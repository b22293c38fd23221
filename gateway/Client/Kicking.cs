using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Gateway.Client;

/// <summary>kicking.yaml.</summary>
internal static class Kicking
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixPost(
        "/_matrix/client/v3/rooms/{roomId}/kick",
        static request => MembershipRequest.ChangeOtherAsync(request, MembershipAction.Kick),
        EndpointOptions.User.Limited() with { RefuseSuspended = true });
}
