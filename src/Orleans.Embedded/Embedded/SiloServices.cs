using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Timers;

namespace Orleans.Embedded;

/// <summary>The services of a silo and of a client.</summary>
internal static class SiloServices
{
    public static ISiloBuilder Add(IServiceCollection services, IConfiguration configuration)
    {
        var builder = new Builder(services, configuration);
        if (services.Any(service => service.ServiceType == typeof(SiloHost)))
            return builder;
        AddShared(services);
        services.TryAddSingleton<Cluster>();
        services.AddSingleton(provider => new Silo(provider, provider.GetRequiredService<Cluster>(),
            provider.GetRequiredService<IOptions<SiloOptions>>().Value.SiloName));
        services.AddSingleton<IGrainRuntime>(provider => provider.GetRequiredService<Silo>());
        services.AddSingleton<SiloLifecycle>();
        services.AddSingleton<ISiloLifecycle>(provider => provider.GetRequiredService<SiloLifecycle>());
        services.AddSingleton<ReminderService>();
        services.AddSingleton<IReminderRegistry>(provider => provider.GetRequiredService<ReminderService>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<ReminderService>());
        services.AddSingleton<SiloHost>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<SiloHost>());
        return builder;
    }

    /// <summary>A client is the silo's own factory: without a silo in the same host there is nothing to be a client of.</summary>
    public static IClientBuilder AddClient(IServiceCollection services, IConfiguration configuration)
    {
        AddShared(services);
        return new Builder(services, configuration);
    }

    public static void AddShared(IServiceCollection services)
    {
        services.AddOptions();
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new ServiceLifetimes(services));
        services.TryAddSingleton<IClusterClient>(provider => new ClusterClient(provider.GetService<Silo>()
            ?? throw new OrleansConfigurationException("The embedded engine's client needs a silo in the same host.")));
        services.TryAddSingleton<IGrainFactory>(provider => provider.GetRequiredService<IClusterClient>());
    }

    private sealed record Builder(IServiceCollection Services, IConfiguration Configuration) : ISiloBuilder, IClientBuilder;
}
