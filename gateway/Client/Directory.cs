using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Client;

/// <summary>directory.yaml: room aliases.</summary>
internal static class Directory
{
    private const string Path = "/_matrix/client/v3/directory/room/{roomAlias}";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPut(Path, SetAsync, EndpointOptions.User with { RefuseSuspended = true });
        routes.MapMatrixGet(Path, GetAsync, EndpointOptions.Optional.AskingServers());
        routes.MapMatrixDelete(Path, DeleteAsync);
        routes.MapMatrixGet("/_matrix/client/v3/rooms/{roomId}/aliases", ListAsync, EndpointOptions.Guest.Limited());
    }

    private static async ValueTask<MatrixResponse> SetAsync(MatrixRequest request)
    {
        var alias = request.RouteRoomAlias();
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var roomId = body.String("room_id");
        if (body.Error is { } wrong)
            return wrong;
        return RoomId.TryParse(roomId, out var room)
            ? MatrixResponse.From(await request.Grain<IRoomAliasGrain>(alias).Create(request.Requester, room))
            : MatrixError.InvalidParam("room_id is not a room ID");
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var alias = request.RouteRoomAlias();
        if (request.Error is { } invalid)
            return invalid;
        return MatrixResponse.From(await request.Grain<IRoomAliasGrain>(alias).Resolve(), static (w, target) =>
        {
            w.WriteString("room_id"u8, target.RoomId);
            w.WriteStartArray("servers"u8);
            foreach (var server in target.Servers)
                w.WriteStringValue(server);
            w.WriteEndArray();
        });
    }

    private static async ValueTask<MatrixResponse> DeleteAsync(MatrixRequest request)
    {
        var alias = request.RouteRoomAlias();
        return request.Error ?? MatrixResponse.From(await request.Grain<IRoomAliasGrain>(alias).Delete(request.Requester));
    }

    private static async ValueTask<MatrixResponse> ListAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        return request.Error ?? MatrixResponse.From(await request.Grain<IRoomListingGrain>(roomId).Aliases(request.Requester));
    }
}
