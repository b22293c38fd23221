using Microsoft.AspNetCore.Routing;

namespace OrleansMatrix.Gateway.Media;

/// <summary>The content repository: one class per API file of the specification.</summary>
public static class MediaEndpoints
{
    public static void MapMediaEndpoints(this IEndpointRouteBuilder routes)
    {
        AuthedContentRepo.Map(routes);
        ContentRepo.Map(routes);
    }
}
