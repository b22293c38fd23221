using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Gateway.Client;

/// <summary>mutual_rooms.yaml.</summary>
internal static class MutualRooms
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixGet("/_matrix/client/v1/mutual_rooms", GetAsync, EndpointOptions.User.Limited());

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var (other, from) = (request.RequiredQuery("user_id"), request.Query("from"));
        if (request.Error is null && !UserId.IsValid(other))
            request.Fail(MatrixError.InvalidParam("'user_id' is not a user ID"));
        if (request.Error is { } error)
            return error;
        var page = await request.Grain<IUserGrain>(request.Requester.UserId).MutualRooms(other, from);
        return MatrixResponse.From(page, static (writer, rooms) =>
        {
            writer.WriteStartArray("joined"u8);
            foreach (var roomId in rooms.RoomIds)
                writer.WriteStringValue(roomId);
            writer.WriteEndArray();
            writer.WriteNumber("count"u8, rooms.Total);
            if (rooms.NextBatch is not null)
                writer.WriteString("next_batch"u8, rooms.NextBatch);
        });
    }
}
