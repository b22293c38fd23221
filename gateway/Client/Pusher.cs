using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Device;

namespace OrleansMatrix.Gateway.Client;

/// <summary>pusher.yaml: the user's pushers.</summary>
internal static class Pusher
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/_matrix/client/v3/pushers", static async request => MatrixResponse.Json(await Grain(request).List()));
        routes.MapMatrixPost("/_matrix/client/v3/pushers/set", SetAsync, EndpointOptions.User.Limited());
    }

    private static async ValueTask<MatrixResponse> SetAsync(MatrixRequest request) =>
        (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error)
            ? MatrixResponse.From(await Grain(request).Set(request.Requester.DeviceId, body))
            : error;

    private static IPusherGrain Grain(MatrixRequest request) => request.Grain<IPusherGrain>(request.Requester.UserId);
}
