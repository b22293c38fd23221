using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Client;

/// <summary>filter.yaml.</summary>
internal static class Filter
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPost("/_matrix/client/v3/user/{userId}/filter", AddAsync, EndpointOptions.Guest);
        routes.MapMatrixGet("/_matrix/client/v3/user/{userId}/filter/{filterId}", GetAsync, EndpointOptions.Guest);
    }

    private static async ValueTask<MatrixResponse> AddAsync(MatrixRequest request)
    {
        var grain = OwnUser.Grain(request);
        if (request.Error is { } invalid)
            return invalid;
        return (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error)
            ? MatrixResponse.From(await grain.AddFilter(body), static (writer, id) => writer.WriteString("filter_id"u8, id)) : error;
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request)
    {
        var grain = OwnUser.Grain(request);
        var filterId = request.Route("filterId");
        return request.Error is { } error ? error : MatrixResponse.From(await grain.GetFilter(filterId));
    }
}
