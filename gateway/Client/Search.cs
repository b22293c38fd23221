using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;

namespace OrleansMatrix.Gateway.Client;

/// <summary>search.yaml: searching the events of the user's rooms.</summary>
internal static class Search
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPost("/_matrix/client/v3/search", SearchAsync, EndpointOptions.User.Limited());

    private static async ValueTask<MatrixResponse> SearchAsync(MatrixRequest request)
    {
        var from = request.Query("next_batch");
        if (request.Error is { } invalid)
            return invalid;
        return (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error)
            ? MatrixResponse.From(
                await request.Grain<ISearchGrain>(request.Requester.UserId).Find(request.Requester, body, from, request.Aborted))
            : error;
    }
}
