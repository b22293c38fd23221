using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Client;

/// <summary>tags.yaml.</summary>
internal static class Tags
{
    private const string All = "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags";
    private const string One = All + "/{tag}";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(All, GetAsync);
        routes.MapMatrixPut(One, PutAsync);
        routes.MapMatrixDelete(One, DeleteAsync);
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var grain = OwnUser.Grain(request);
        var roomId = request.RouteRoomId();
        return request.Error is { } error ? error : MatrixResponse.From(await grain.GetTags(roomId));
    }

    private static async ValueTask<MatrixResponse> PutAsync(MatrixRequest request)
    {
        var grain = OwnUser.Grain(request);
        var (roomId, tag) = (request.RouteRoomId(), request.Route("tag"));
        if (request.Error is { } invalid)
            return invalid;
        return (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error) ? MatrixResponse.From(await grain.SetTag(roomId, tag, body)) : error;
    }

    private static async ValueTask<MatrixResponse> DeleteAsync(MatrixRequest request)
    {
        var grain = OwnUser.Grain(request);
        var (roomId, tag) = (request.RouteRoomId(), request.Route("tag"));
        return request.Error is { } error ? error : MatrixResponse.From(await grain.DeleteTag(roomId, tag));
    }
}
