using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Client;

/// <summary>whoami.yaml: the owner of the access token.</summary>
internal static class WhoAmI
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixGet(
        "/_matrix/client/v3/account/whoami",
        static request => ValueTask.FromResult(MatrixResponse.Object(writer =>
        {
            var requester = request.Requester;
            writer.WriteString("user_id"u8, requester.UserId);
            if (requester.DeviceId.Length > 0)
                writer.WriteString("device_id"u8, requester.DeviceId);
            writer.WriteBoolean("is_guest"u8, requester.IsGuest);
        })),
        EndpointOptions.Guest.Limited());
}
