using Microsoft.AspNetCore.Http;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>Paths from before v1.1 of the specification, which name the endpoints of today: <c>r0</c>, and <c>v1</c> for media.</summary>
internal static class HistoricPaths
{
    private const string ClientR0 = "/_matrix/client/r0/";
    private const string ClientV3 = "/_matrix/client/v3/";
    private const string MediaR0 = "/_matrix/media/r0/";
    private const string MediaV1 = "/_matrix/media/v1/";
    private const string MediaV3 = "/_matrix/media/v3/";

    // The one endpoint that is new under v1.
    private const string MediaCreate = "/_matrix/media/v1/create";

    /// <summary>Replaces a historic prefix; the number of segments stays.</summary>
    public static void Rewrite(HttpRequest request)
    {
        var path = request.Path.Value ?? "";
        if (path.StartsWith(ClientR0, StringComparison.Ordinal))
            request.Path = ClientV3 + path[ClientR0.Length..];
        else if (path.StartsWith(MediaR0, StringComparison.Ordinal) || (path.StartsWith(MediaV1, StringComparison.Ordinal) && path != MediaCreate))
            request.Path = MediaV3 + path[MediaR0.Length..];
    }
}
