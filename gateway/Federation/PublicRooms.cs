using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Client;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>public_rooms.yaml: this server's public room list for other servers.</summary>
internal static class PublicRooms
{
    private const string Path = "/_matrix/federation/v1/publicRooms";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(Path, ListAsync, EndpointOptions.Server);
        routes.MapMatrixPost(Path, QueryAsync, EndpointOptions.Server);
    }

    private static async ValueTask<MatrixResponse> ListAsync(MatrixRequest request)
    {
        var limit = request.QueryInteger("limit", 0, max: int.MaxValue);
        var query = new PublicRoomsQuery(
            limit > 0 ? (int)limit : null, request.Query("since"), null, null, request.QueryBool("include_all_networks"),
            request.Query("third_party_instance_id"));
        return await AnswerAsync(request, query);
    }

    private static async ValueTask<MatrixResponse> QueryAsync(MatrixRequest request) =>
        (await ListPublicRooms.ReadQueryAsync(request)).TryGet(out var query, out var error) ? await AnswerAsync(request, query) : error;

    private static async ValueTask<MatrixResponse> AnswerAsync(MatrixRequest request, PublicRoomsQuery query) =>
        request.Error ?? MatrixResponse.From(await request.Grain<IPublicRoomsGrain>(request.Settings.ServerName.Value).List(query));
}
