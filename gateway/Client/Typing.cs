using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>typing.yaml.</summary>
internal static class Typing
{
    private const long DefaultTimeoutMs = 30_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPut(
            "/_matrix/client/v3/rooms/{roomId}/typing/{userId}", SetAsync, EndpointOptions.Guest.Limited() with { ShowsActivity = true });

    private static async ValueTask<MatrixResponse> SetAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var userId = request.RouteUserId();
        if (request.Error is { } invalid)
            return invalid;
        if (userId != request.Requester.UserId)
            return MatrixError.Forbidden("You can only say that you are typing yourself");
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var typing = body.Bool("typing");
        var timeout = body.OptionalInteger("timeout") ?? DefaultTimeoutMs;
        if (body.Error is { } wrong)
            return wrong;
        return MatrixResponse.From(await request.Grain<IRoomGrain>(roomId).SetTyping(new TypingNotice(userId, typing, timeout)));
    }
}
