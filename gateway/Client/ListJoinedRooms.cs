using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Gateway.Client;

/// <summary>list_joined_rooms.yaml.</summary>
internal static class ListJoinedRooms
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixGet("/_matrix/client/v3/joined_rooms", GetAsync, EndpointOptions.Guest);

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var rooms = await request.Grain<IUserGrain>(request.Requester.UserId).JoinedRooms();
        return MatrixResponse.Object(writer =>
        {
            writer.WriteStartArray("joined_rooms"u8);
            foreach (var roomId in rooms)
                writer.WriteStringValue(roomId);
            writer.WriteEndArray();
        });
    }
}
