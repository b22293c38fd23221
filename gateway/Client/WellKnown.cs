using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>wellknown.yaml: where clients and servers find this server, if <c>Matrix:PublicBaseUrl</c> says so.</summary>
internal static class WellKnown
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/.well-known/matrix/client", static request => Answer(request, WriteMembers), EndpointOptions.Anonymous);
        routes.MapMatrixGet("/.well-known/matrix/server", static request => Answer(request, WriteServer), EndpointOptions.Anonymous);
    }

    public static void WriteMembers(Utf8JsonWriter writer, string baseUrl)
    {
        writer.WriteStartObject("m.homeserver"u8);
        writer.WriteString("base_url"u8, baseUrl);
        writer.WriteEndObject();
    }

    private static void WriteServer(Utf8JsonWriter writer, string baseUrl)
    {
        var url = new Uri(baseUrl);
        writer.WriteString("m.server"u8, $"{url.IdnHost}:{url.Port}");
    }

    private static ValueTask<MatrixResponse> Answer(MatrixRequest request, Action<Utf8JsonWriter, string> write) => ValueTask.FromResult(
        request.Settings.PublicBaseUrl is { } url ? MatrixResponse.Object(writer => write(writer, url)) : MatrixError.NotFound());
}
