using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans.Embedded;

/// <summary>A grain class as the generator describes it.</summary>
public sealed class GrainClass
{
    /// <summary>Describes a class.</summary>
    /// <param name="type">The class.</param>
    /// <param name="grainType">Its name in grain ids.</param>
    /// <param name="interfaces">The grain interfaces it implements.</param>
    /// <param name="create">Makes an instance; null for observers.</param>
    public GrainClass(Type type, string grainType, Type[] interfaces, Func<IGrainContext, IServiceProvider, object>? create)
    {
        Type = type;
        GrainType = GrainType.Create(grainType);
        Interfaces = interfaces;
        Create = create;
        Hash = GrainType.GetHashCode();
    }

    /// <summary>The types of the services its constructor takes.</summary>
    public Type[] Dependencies { get; init; } = [];

    /// <summary>Whether all its calls interleave.</summary>
    public bool IsReentrant { get; init; }

    /// <summary>Says of a call whether it interleaves.</summary>
    public Func<object, IInvokable, bool>? MayInterleave { get; init; }

    /// <summary>The most activations a key may have on a silo; 0: it is no stateless worker; -1: one per processor.</summary>
    public int MaxWorkers { get; init; }

    /// <summary>After how long without a call an activation is collected, in <see cref="TimeSpan"/> ticks; 0: by the silo's options; -1: never.</summary>
    public long CollectionAge { get; init; }

    /// <summary>Whether its activations are placed on the silo of the first caller.</summary>
    public bool PreferLocal { get; init; }

    /// <summary>Whether it has an OnActivateAsync of its own.</summary>
    public bool HasOnActivate { get; init; } = true;

    /// <summary>Whether it has an OnDeactivateAsync of its own.</summary>
    public bool HasOnDeactivate { get; init; } = true;

    internal Type Type { get; }

    internal GrainType GrainType { get; }

    internal Type[] Interfaces { get; }

    internal Func<IGrainContext, IServiceProvider, object>? Create { get; }

    internal int Hash { get; }

    internal bool IsObserver => Create is null;

    internal int HashOf(string key) => (key.GetHashCode() * -1640531535) ^ Hash;
}
