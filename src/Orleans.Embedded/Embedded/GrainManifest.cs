using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>Names the class by which the generator made the grains of an assembly known.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class GrainManifestAttribute(Type manifest) : Attribute
{
    /// <summary>The class; it has a static method Register.</summary>
    public Type Manifest { get; } = manifest;
}

/// <summary>A grain interface and how to make references by it.</summary>
internal sealed record GrainInterface(Type Type, string Name, Func<GrainReferenceShared, IdSpan, GrainReference> CreateReference);

/// <summary>
/// The grain interfaces and classes of the assemblies in this process. It holds code, not state: generated module
/// initializers fill it before the code of their assembly runs, and nothing is ever changed or removed.
/// </summary>
public static class GrainManifest
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<Type> Manifests = [];
    private static readonly Dictionary<Type, GrainInterface> InterfacesByType = [];
    private static readonly Dictionary<Type, GrainClass> ClassesByType = [];

    static GrainManifest() => AddInterface(typeof(IRemindable), "Orleans.IRemindable",
        static (shared, key) => new RemindableReference(shared, key));

    /// <summary>Whether the manifest was not seen before.</summary>
    public static bool Begin(Type manifest)
    {
        lock (Gate)
            return Manifests.Add(manifest);
    }

    /// <summary>Adds an interface.</summary>
    public static void AddInterface(Type type, string name, Func<GrainReferenceShared, IdSpan, GrainReference> createReference)
    {
        lock (Gate)
            InterfacesByType[type] = new(type, name, createReference);
    }

    /// <summary>Adds a class.</summary>
    public static void AddClass(GrainClass grainClass)
    {
        ArgumentNullException.ThrowIfNull(grainClass);
        lock (Gate)
            ClassesByType[grainClass.Type] = grainClass;
    }

    internal static (GrainInterface[] Interfaces, GrainClass[] Classes) Snapshot()
    {
        lock (Gate)
            return ([.. InterfacesByType.Values], [.. ClassesByType.Values]);
    }
}
