using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Gateway.Client;

/// <summary>banning.yaml.</summary>
internal static class Banning
{
    private static readonly EndpointOptions s_options = EndpointOptions.User.Limited() with { RefuseSuspended = true };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPost("/_matrix/client/v3/rooms/{roomId}/ban", static r => MembershipRequest.ChangeOtherAsync(r, MembershipAction.Ban), s_options);
        routes.MapMatrixPost("/_matrix/client/v3/rooms/{roomId}/unban", static r => MembershipRequest.ChangeOtherAsync(r, MembershipAction.Unban), s_options);
    }
}
