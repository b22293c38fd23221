using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>policy_server.yaml: the key of a policy server that goes by this server's name (setting <c>Matrix:PolicyServerKey</c>).</summary>
internal static class PolicyServer
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/.well-known/matrix/policy_server", static request => ValueTask.FromResult(Get(request)), EndpointOptions.Anonymous);

    private static MatrixResponse Get(MatrixRequest request) => request.Settings.PolicyServerKey is not { } key
        ? MatrixError.NotFound("There is no policy server")
        : MatrixResponse.Object(w =>
        {
            w.WriteStartObject("public_keys"u8);
            w.WriteString("ed25519"u8, key);
            w.WriteEndObject();
        });
}
