using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Orleans.Serialization.Activators;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.Serializers;

namespace OrleansMatrix.Silo.Native;

/// <summary>
/// The services that serializers are made of. The container makes no generic service of a value type where code cannot be compiled at run time, since it
/// cannot know whether the executable has it; those are made here, of the types that the executable is known to have.
/// </summary>
internal sealed class SerializerServices(IServiceProvider services) : IKeyedServiceProvider, IServiceProviderIsService
{
    // Each grain reference asks for the copiers of its arguments.
    private readonly ConcurrentDictionary<Type, object?> _made = new();
    private CodecProvider? _codecs;

    /// <summary>The provider of codecs and copiers whose services are these.</summary>
    public static CodecProvider CreateProvider(IServiceProvider services)
    {
        var own = new SerializerServices(services);
        return own._codecs = new CodecProvider(own, services.GetRequiredService<IOptions<TypeManifestOptions>>());
    }

    public object? GetService(Type serviceType) =>
        _made.TryGetValue(serviceType, out var made) ? made
        : IsOfValue(serviceType) ? _made.GetOrAdd(serviceType, Make(serviceType)) : services.GetService(serviceType);

    public object? GetKeyedService(Type serviceType, object? serviceKey) => ((IKeyedServiceProvider)services).GetKeyedService(serviceType, serviceKey);

    public object GetRequiredKeyedService(Type serviceType, object? serviceKey) =>
        ((IKeyedServiceProvider)services).GetRequiredKeyedService(serviceType, serviceKey);

    public bool IsService(Type serviceType) =>
        IsOfValue(serviceType) || services.GetRequiredService<IServiceProviderIsService>().IsService(serviceType);

    private static bool IsOfValue(Type serviceType)
    {
        if (!serviceType.IsConstructedGenericType || !serviceType.GenericTypeArguments[0].IsValueType)
            return false;
        var definition = serviceType.GetGenericTypeDefinition();
        return definition == typeof(IFieldCodec<>) || definition == typeof(IValueSerializer<>) || definition == typeof(IDeepCopier<>) ||
            definition == typeof(IActivator<>);
    }

    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "roots.rd.xml has the types; a test compares it with what is asked for.")]
    [UnconditionalSuppressMessage("Trimming", "IL2055", Justification = "roots.rd.xml has the types; a test compares it with what is asked for.")]
    private object? Make(Type serviceType)
    {
        var definition = serviceType.GetGenericTypeDefinition();
        var maker = definition == typeof(IValueSerializer<>) ? typeof(ValueSerializerService<>) : typeof(ValueServices<>);
        return ((ValueServices)Activator.CreateInstance(maker.MakeGenericType(serviceType.GenericTypeArguments[0]))!).Get(definition, _codecs!);
    }
}
