using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.GrainReferences;
using Orleans.Serialization.Activators;

namespace OrleansMatrix.Silo.Native;

/// <summary>In place of the parts of Orleans that emit code at run time, which an executable compiled ahead cannot do.</summary>
internal static class NativeServices
{
    /// <summary>Replaces them. They stand in for JIT too, so that the tests see what is published.</summary>
    public static void AddNative(this IServiceCollection services)
    {
        GC.KeepAlive(NamedTypes.All);
        services.Insert(0, ServiceDescriptor.Singleton<IGrainReferenceActivatorProvider, ProxyActivators>());
        services.Replace(ServiceDescriptor.Singleton(SerializerServices.CreateProvider));
        services.Replace(ServiceDescriptor.Singleton(typeof(IActivator<>), typeof(PlainActivator<>)));
    }
}
