using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>presence.yaml: a user's presence.</summary>
internal static class Presence
{
    private const string Path = "/_matrix/client/v3/presence/{userId}/status";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPut(Path, SetAsync, EndpointOptions.Guest.Limited());
        routes.MapMatrixGet(Path, GetAsync, EndpointOptions.Guest);
    }

    private static async ValueTask<MatrixResponse> SetAsync(MatrixRequest request)
    {
        var userId = request.RouteUserId();
        if (request.Error is { } invalid)
            return invalid;
        if (userId != request.Requester.UserId)
            return MatrixError.Forbidden("You cannot set another user's presence");
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var presence = body.String("presence");
        var status = body.OptionalString("status_msg", maxBytes: 4096);
        if (body.Error is { } wrong)
            return wrong;
        return MatrixResponse.From(await request.Grain<IPresenceGrain>(userId).Set(request.Requester.DeviceId, presence, status));
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var userId = request.RouteUserId();
        return request.Error ?? MatrixResponse.From(await request.Grain<IPresenceGrain>(userId).Get(request.Requester.UserId));
    }
}
