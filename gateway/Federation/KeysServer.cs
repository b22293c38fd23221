using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>keys_server.yaml: this server's signing keys (S-S API, Publishing Keys).</summary>
internal static class KeysServer
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var path in new[] { "/_matrix/key/v2/server", "/_matrix/key/v2/server/{keyId}" })
            routes.MapMatrixGet(path, GetAsync, EndpointOptions.Anonymous.Limited(RateClass.Server));
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request) =>
        MatrixResponse.Json(await request.Grain<IOwnKeysGrain>(IOwnKeysGrain.Key).Publish());
}
