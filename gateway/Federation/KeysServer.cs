using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>keys_server.yaml: this server's signing keys (S-S API, Publishing Keys).</summary>
internal static class KeysServer
{
    // Others refresh the keys about half-way.
    private static readonly TimeSpan s_validity = TimeSpan.FromDays(1);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var key = routes.ServiceProvider.GetRequiredService<SigningKey>();
        foreach (var path in new[] { "/_matrix/key/v2/server", "/_matrix/key/v2/server/{keyId}" })
        {
            routes.MapMatrixGet(
                path, request => ValueTask.FromResult(MatrixResponse.Json(Build(request, key))), EndpointOptions.Anonymous.Limited(RateClass.Server));
        }
    }

    internal static ReadOnlyMemory<byte> Build(MatrixRequest request, SigningKey key) =>
        ServerKeys.Build(request.Settings.ServerName, [key], [], (request.Time.GetUtcNow() + s_validity).ToUnixTimeMilliseconds());
}
