using Microsoft.AspNetCore.Routing;

namespace OrleansMatrix.Gateway.Client;

/// <summary>The client-server API: one class per API file of the specification.</summary>
public static class ClientEndpoints
{
    public static void MapClientEndpoints(this IEndpointRouteBuilder routes)
    {
        Versions.Map(routes);
    }
}
