using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>
/// policy_server.yaml: the key of a policy server that goes by this server's name: this one (setting <c>Matrix:PolicyServer</c>) or another
/// (<c>Matrix:PolicyServerKey</c>).
/// </summary>
internal static class PolicyServer
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/.well-known/matrix/policy_server", GetAsync, EndpointOptions.Anonymous);

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request) => await FindAsync(request) is not { } key
        ? MatrixError.NotFound("There is no policy server")
        : MatrixResponse.Object(w =>
        {
            w.WriteStartObject("public_keys"u8);
            w.WriteString("ed25519"u8, key);
            w.WriteEndObject();
        });

    private static async ValueTask<string?> FindAsync(MatrixRequest request) => request.Settings.PolicyServer is null
        ? request.Settings.PolicyServerKey
        : await request.Grain<IOwnKeysGrain>(IOwnKeysGrain.Key).PolicyKey();
}
