using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;
using Orleans.CodeGeneration;
using Orleans.GrainReferences;
using Orleans.Metadata;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.Serializers;

namespace OrleansMatrix.Silo.Native;

/// <summary>
/// Makes grain references by the constructors of their generated proxies. Orleans' own provider emits a method for each proxy, which an executable compiled
/// ahead cannot do; the first provider that knows an interface is the one that is asked.
/// </summary>
internal sealed class ProxyActivators(
    IServiceProvider services,
    IOptions<TypeManifestOptions> types,
    GrainInterfaceTypeResolver interfaces,
    GrainPropertiesResolver grains,
    IClusterManifestProvider manifest,
    CodecProvider codecs,
    CopyContextPool copies) : IGrainReferenceActivatorProvider
{
    private readonly Dictionary<GrainInterfaceType, Type> _proxies = Proxies(types.Value)
        .Where(static proxy => typeof(IAddressable).IsAssignableFrom(proxy) && !proxy.IsGenericType)
        .ToDictionary(proxy => interfaces.GetGrainInterfaceType(MainInterface(proxy)));

    public bool TryGet(GrainType grainType, GrainInterfaceType interfaceType, [NotNullWhen(true)] out IGrainReferenceActivator? activator)
    {
        if (!_proxies.TryGetValue(interfaceType, out var proxy))
        {
            activator = null;
            return false;
        }

        activator = new Activator(Constructor(proxy), new GrainReferenceShared(
            grainType,
            interfaceType,
            Version(interfaceType),
            services.GetRequiredService<IGrainReferenceRuntime>(),
            IsUnordered(grainType) ? InvokeMethodOptions.Unordered : InvokeMethodOptions.None,
            codecs,
            copies,
            services));
        return true;
    }

    private ushort Version(GrainInterfaceType interfaceType) =>
        manifest.LocalGrainManifest.Interfaces.TryGetValue(interfaceType, out var known) &&
        known.Properties.TryGetValue(WellKnownGrainInterfaceProperties.Version, out var version) &&
        ushort.TryParse(version, CultureInfo.InvariantCulture, out var parsed)
            ? parsed
            : (ushort)0;

    private bool IsUnordered(GrainType grainType) =>
        grains.GetGrainProperties(grainType).Properties.TryGetValue(WellKnownGrainTypeProperties.Unordered, out var unordered) &&
        string.Equals("true", unordered, StringComparison.OrdinalIgnoreCase);

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Only read.")]
    private static HashSet<Type> Proxies(TypeManifestOptions types) => types.InterfaceProxies;

    // A proxy implements its grain's interface and those that it extends.
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Generated proxies are kept whole.")]
    private static Type MainInterface(Type proxy)
    {
        var all = proxy.GetInterfaces();
        return all.Aggregate(static (main, candidate) => main.IsAssignableFrom(candidate) ? candidate : main);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Generated proxies are kept whole.")]
    private static ConstructorInvoker Constructor(Type proxy) => ConstructorInvoker.Create(
        proxy.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, [typeof(GrainReferenceShared), typeof(IdSpan)])!);

    private sealed class Activator(ConstructorInvoker constructor, GrainReferenceShared shared) : IGrainReferenceActivator
    {
        public GrainReference CreateReference(GrainId grainId) => (GrainReference)constructor.Invoke(shared, grainId.Key);
    }
}
