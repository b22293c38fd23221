using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Directory;

namespace OrleansMatrix.Gateway.Client;

/// <summary>users.yaml: searching the user directory.</summary>
internal static class Users
{
    private const int DefaultLimit = 10;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPost("/_matrix/client/v3/user_directory/search", SearchAsync, EndpointOptions.User.Limited());

    private static async ValueTask<MatrixResponse> SearchAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var term = body.String("search_term", maxBytes: 512);
        var limit = (int)Math.Clamp(body.OptionalInteger("limit") ?? DefaultLimit, 1, 1000);
        if (body.Error is { } invalid)
            return invalid;
        return MatrixResponse.Json(await request.Grain<IUserDirectoryGrain>(request.Requester.UserId).Search(term, limit));
    }
}
