using Orleans.Serialization.Activators;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Serializers;

namespace OrleansMatrix.Silo.Native;

/// <summary>The serializer's services for one value type. <c>roots.rd.xml</c> names the types that an executable compiled ahead has this for.</summary>
internal abstract class ValueServices
{
    /// <summary>The service, or null if this is not one of the serializer's.</summary>
    public abstract object? Get(Type definition, CodecProvider provider);
}

/// <inheritdoc/>
internal sealed class ValueServices<T> : ValueServices
{
    public override object? Get(Type definition, CodecProvider provider) =>
        definition == typeof(IFieldCodec<>) ? provider.GetCodec<T>()
        : definition == typeof(IDeepCopier<>) ? provider.GetDeepCopier<T>()
        : definition == typeof(IActivator<>) ? provider.GetActivator<T>()
        : null;
}

/// <inheritdoc/>
internal sealed class ValueSerializerService<T> : ValueServices
    where T : struct
{
    public override object? Get(Type definition, CodecProvider provider) =>
        definition == typeof(IValueSerializer<>) ? provider.GetValueSerializer<T>() : null;
}
