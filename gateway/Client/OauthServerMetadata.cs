using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>oauth_server_metadata.yaml: this server has no OAuth 2.0 API, which the specification says in this way.</summary>
internal static class OauthServerMetadata
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet(
            "/_matrix/client/v1/auth_metadata",
            static _ => ValueTask.FromResult<MatrixResponse>(MatrixError.Unrecognized("There is no OAuth 2.0 API")),
            EndpointOptions.Anonymous);
}
