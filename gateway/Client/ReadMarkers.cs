using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Gateway.Client;

/// <summary>read_markers.yaml.</summary>
internal static class ReadMarkers
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPost("/_matrix/client/v3/rooms/{roomId}/read_markers", PostAsync, EndpointOptions.User.Limited() with { ShowsActivity = true });

    private static async ValueTask<MatrixResponse> PostAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var markers = new ReadMarkersToSet(
            roomId, body.OptionalString("m.fully_read", 255), body.OptionalString("m.read", 255), body.OptionalString("m.read.private", 255));
        return body.Error is { } wrong ? wrong : MatrixResponse.From(await request.Grain<IUserGrain>(request.Requester.UserId).SetReadMarkers(markers));
    }
}
