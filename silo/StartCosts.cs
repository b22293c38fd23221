using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Serialization;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.TypeSystem;
using Orleans.Statistics;

namespace OrleansMatrix.Silo;

/// <summary>What Orleans does at its start that this server need not wait for (ADR 0040 has the figures).</summary>
internal static class StartCosts
{
    /// <summary>Figures of the machine are made when they are first asked for: their maker collects garbage first, which a start has much of.</summary>
    public static void PutOff(IServiceCollection services)
    {
        var orleans = services.Last(static service => service.ServiceType == typeof(IEnvironmentStatisticsProvider)).ImplementationType!;
        services.Replace(ServiceDescriptor.Singleton<IEnvironmentStatisticsProvider>(provider => new LazyStatistics(() => Make(provider, orleans))));
    }

    /// <summary>
    /// For a silo that talks to no other: no message comes from outside that could name a type, so that the names of those that it may need not be made of all
    /// that serializers name.
    /// </summary>
    public static void AllowAllTypes(IServiceCollection services) => services.Replace(ServiceDescriptor.Singleton(static provider =>
    {
        var manifest = provider.GetRequiredService<IOptions<TypeManifestOptions>>().Value;
        var allowing = new TypeManifestOptions { AllowAllTypes = true };
        foreach (var (alias, type) in manifest.WellKnownTypeAliases)
            allowing.WellKnownTypeAliases.Add(alias, type);
        return new TypeConverter(
            provider.GetServices<ITypeConverter>(), provider.GetServices<ITypeNameFilter>(), provider.GetServices<ITypeFilter>(), Options.Create(allowing),
            provider.GetRequiredService<TypeResolver>());
    }));

    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "Orleans registers the type by a generic method that keeps its constructors.")]
    private static IEnvironmentStatisticsProvider Make(IServiceProvider provider, Type type) =>
        (IEnvironmentStatisticsProvider)ActivatorUtilities.CreateInstance(provider, type);

    private sealed class LazyStatistics(Func<IEnvironmentStatisticsProvider> make) : IEnvironmentStatisticsProvider, IDisposable
    {
        private readonly Lazy<IEnvironmentStatisticsProvider> _made = new(make);

        public EnvironmentStatistics GetEnvironmentStatistics() => _made.Value.GetEnvironmentStatistics();

        public void Dispose()
        {
            if (_made.IsValueCreated)
                (_made.Value as IDisposable)?.Dispose();
        }
    }
}
