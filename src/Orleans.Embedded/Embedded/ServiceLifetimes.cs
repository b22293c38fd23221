using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Embedded;

/// <summary>
/// Which services need a scope. An activation whose constructor takes singletons only does without one, which is most
/// of the memory an idle activation would have.
/// </summary>
internal sealed class ServiceLifetimes(IServiceCollection services)
{
    private readonly Lazy<Dictionary<Type, ServiceLifetime>> _lifetimes = new(() =>
    {
        Dictionary<Type, ServiceLifetime> lifetimes = [];
        foreach (var service in services)
        {
            if (!lifetimes.TryGetValue(service.ServiceType, out var known) || known == ServiceLifetime.Singleton)
                lifetimes[service.ServiceType] = service.Lifetime;
        }
        return lifetimes;
    });

    public bool NeedsScope(Type service) => (_lifetimes.Value.TryGetValue(service, out var lifetime)
        || (service.IsGenericType && _lifetimes.Value.TryGetValue(service.GetGenericTypeDefinition(), out lifetime)))
        && lifetime != ServiceLifetime.Singleton;
}
