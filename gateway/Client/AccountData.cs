using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Client;

/// <summary>account-data.yaml.</summary>
internal static class AccountData
{
    private const string Global = "/_matrix/client/v3/user/{userId}/account_data/{type}";
    private const string OfRoom = "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(Global, request => GetAsync(request, ""), EndpointOptions.Guest);
        routes.MapMatrixPut(Global, request => PutAsync(request, ""), EndpointOptions.Guest);
        routes.MapMatrixGet(OfRoom, request => GetAsync(request, request.RouteRoomId()), EndpointOptions.Guest);
        routes.MapMatrixPut(OfRoom, request => PutAsync(request, request.RouteRoomId()), EndpointOptions.Guest);
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request, string roomId)
    {
        var grain = OwnUser.Grain(request);
        var type = request.Route("type");
        return request.Error is { } error ? error : MatrixResponse.From(await grain.GetAccountData(roomId, type));
    }

    private static async ValueTask<MatrixResponse> PutAsync(MatrixRequest request, string roomId)
    {
        var grain = OwnUser.Grain(request);
        var type = request.Route("type");
        if (request.Error is { } invalid)
            return invalid;
        return (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error)
            ? MatrixResponse.From(await grain.SetAccountData(roomId, type, body)) : error;
    }
}
