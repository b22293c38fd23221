using System.Reflection;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>version.yaml: what this server runs.</summary>
internal static class Version
{
    private static readonly string s_version = typeof(Version).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixGet(
        "/_matrix/federation/v1/version",
        static _ => ValueTask.FromResult(MatrixResponse.Object(static writer =>
        {
            writer.WriteStartObject("server"u8);
            writer.WriteString("name"u8, "OrleansMatrix"u8);
            writer.WriteString("version"u8, s_version);
            writer.WriteEndObject();
        })),
        EndpointOptions.Anonymous);
}
