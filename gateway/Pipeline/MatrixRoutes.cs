using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.RateLimiting;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>Maps Matrix endpoints by the method and path that the specification gives.</summary>
public static class MatrixRoutes
{
    /// <summary>
    /// Maps an endpoint. <paramref name="path"/> is the path as the specification writes it; <c>v3</c> paths answer under the historic <c>r0</c> too
    /// (<see cref="HistoricPaths"/>). Parameters take whole segments; the last may be optional: <c>{stateKey?}</c>.
    /// </summary>
    public static void MapMatrix(
        this IEndpointRouteBuilder routes, string method, string path, MatrixHandler handler, EndpointOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(path);
        var services = routes.ServiceProvider.GetRequiredService<GatewayServices>();
        routes.ServiceProvider.GetRequiredService<RouteTable>().Add(new MatrixEndpoint(method, path, handler, options ?? EndpointOptions.User, services));
    }

    public static void MapMatrixGet(this IEndpointRouteBuilder routes, string path, MatrixHandler handler, EndpointOptions? options = null) =>
        routes.MapMatrix(HttpMethods.Get, path, handler, options);

    public static void MapMatrixPut(this IEndpointRouteBuilder routes, string path, MatrixHandler handler, EndpointOptions? options = null) =>
        routes.MapMatrix(HttpMethods.Put, path, handler, options);

    public static void MapMatrixPost(this IEndpointRouteBuilder routes, string path, MatrixHandler handler, EndpointOptions? options = null) =>
        routes.MapMatrix(HttpMethods.Post, path, handler, options);

    public static void MapMatrixDelete(this IEndpointRouteBuilder routes, string path, MatrixHandler handler, EndpointOptions? options = null) =>
        routes.MapMatrix(HttpMethods.Delete, path, handler, options);

    /// <summary>Registers what the gateway needs; the silo registers settings, time and the grain factory.</summary>
    public static IServiceCollection AddMatrixGateway(this IServiceCollection services) => services
        .AddSingleton(static provider =>
        {
            var settings = provider.GetRequiredService<MatrixSettings>();
            var grains = provider.GetRequiredService<IGrainFactory>();
            return new RateLimiter(
                provider.GetRequiredService<TimeProvider>(), settings.Database.Length > 0 ? key => grains.GetGrain<IRateLimitGrain>(key) : null,
                settings.RateLimitsEnabled);
        })
        .AddSingleton<RequestMemory>()
        .AddSingleton<RouteTable>()
        .AddSingleton(static provider => new SessionCache(
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<MatrixSettings>().Cluster.Role != ClusterRole.Gateway))
        .AddSingleton<ISessionCache>(static provider => provider.GetRequiredService<SessionCache>())
        .AddSingleton<Authenticator>()
        .AddSingleton<Activity>()
        .AddSingleton<GatewayServices>();

    /// <summary>Puts what holds for all of <c>/_matrix</c>, and then the endpoints, in front of whatever else there is.</summary>
    public static IApplicationBuilder UseMatrixGateway(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var table = app.ApplicationServices.GetRequiredService<RouteTable>();
        return app.Use(next => new MatrixMiddleware(table, next).InvokeAsync);
    }
}
