using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;

namespace OrleansMatrix.Gateway.Client;

/// <summary>logout.yaml: locked accounts and guests may do this too.</summary>
internal static class Logout
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var options = EndpointOptions.Guest with { AllowLocked = true };
        routes.MapMatrixPost(
            "/_matrix/client/v3/logout",
            static async request => MatrixResponse.From(
                await request.Grain<IAccountGrain>(request.Requester.UserId).DeleteDevices([request.Requester.DeviceId])),
            options);
        routes.MapMatrixPost(
            "/_matrix/client/v3/logout/all",
            static async request => MatrixResponse.From(await request.Grain<IAccountGrain>(request.Requester.UserId).LogOutAll()),
            options);
    }
}
