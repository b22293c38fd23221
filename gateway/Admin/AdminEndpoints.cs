using Microsoft.AspNetCore.Routing;

namespace OrleansMatrix.Gateway.Admin;

/// <summary>Administration beyond the specification, compatible with Synapse's where tools expect it.</summary>
public static class AdminEndpoints
{
    public static void MapAdminEndpoints(this IEndpointRouteBuilder routes) => SharedSecretRegister.Map(routes);
}
