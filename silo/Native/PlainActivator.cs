using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Orleans.Serialization.Activators;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.Serializers;

namespace OrleansMatrix.Silo.Native;

/// <summary>Makes the object that a serializer fills, by its constructor where it has one. Orleans' own emits a method that calls it.</summary>
[UnconditionalSuppressMessage("Trimming", "IL2090", Justification = "Code that fills an object of this type calls its constructor where it has one.")]
[UnconditionalSuppressMessage("Trimming", "IL2091", Justification = "As above.")]
internal sealed class PlainActivator<T>(CodecProvider provider, IOptions<TypeManifestOptions> types) : IActivator<T>
{
    private readonly IActivator<T>? _inner = HasOwn(types.Value) || typeof(T).GetConstructor(Type.EmptyTypes) is null ? provider.GetActivator<T>() : null;

    public T Create() => _inner is null ? Activator.CreateInstance<T>() : _inner.Create();

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Only read.")]
    private static bool HasOwn(TypeManifestOptions types)
    {
        var searched = typeof(T).IsConstructedGenericType ? typeof(T).GetGenericTypeDefinition() : typeof(T);
        return types.Activators.Any(activator => Made(activator) == searched);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Registered activators are kept whole.")]
    private static Type? Made(Type activator)
    {
        var made = activator.GetInterfaces()
            .FirstOrDefault(static type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IActivator<>))?.GenericTypeArguments[0];
        return made is { IsGenericType: true } ? made.GetGenericTypeDefinition() : made;
    }
}
