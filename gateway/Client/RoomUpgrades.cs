using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Room;

namespace OrleansMatrix.Gateway.Client;

/// <summary>room_upgrades.yaml.</summary>
internal static class RoomUpgrades
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPost("/_matrix/client/v3/rooms/{roomId}/upgrade", UpgradeAsync, EndpointOptions.User.Limited() with { RefuseSuspended = true });

    private static async ValueTask<MatrixResponse> UpgradeAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var version = body.String("new_version");
        var creators = body.OptionalStrings("additional_creators", 100) ?? [];
        if (body.Error is { } wrong)
            return wrong;
        var outcome = await request.Grain<IRoomGrain>(roomId).Upgrade(new RoomUpgrade(request.Requester, version, [.. creators]));
        return MatrixResponse.From(outcome, static (w, newRoom) => w.WriteString("replacement_room"u8, newRoom));
    }
}
