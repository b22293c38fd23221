using System.Text;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Client;

/// <summary>versions.yaml: the versions of the specification that this server follows.</summary>
internal static class Versions
{
    private static readonly byte[] s_json = Render();

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet(
            "/_matrix/client/versions", static _ => ValueTask.FromResult(MatrixResponse.Json(s_json)), EndpointOptions.Anonymous);

    private static byte[] Render()
    {
        List<string> versions = ["r0.0.1", "r0.1.0", "r0.2.0", "r0.3.0", "r0.4.0", "r0.5.0", "r0.6.0", "r0.6.1"];
        for (var minor = 1; minor <= 19; minor++)
            versions.Add($"v1.{minor}");
        var quoted = string.Join(',', versions.Select(static version => $"\"{version}\""));
        return Encoding.UTF8.GetBytes($"{{\"versions\":[{quoted}],\"unstable_features\":{{}}}}");
    }
}
