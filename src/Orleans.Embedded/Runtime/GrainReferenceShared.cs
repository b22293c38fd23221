using Orleans.Embedded;

namespace Orleans.Runtime;

/// <summary>What the references to the grains of one class by one interface have in common.</summary>
public class GrainReferenceShared
{
    private readonly Func<GrainReferenceShared, IdSpan, GrainReference> _create;

    internal GrainReferenceShared(Silo silo, GrainClass grainClass, GrainInterface grainInterface)
    {
        Silo = silo;
        Class = grainClass;
        InterfaceType = GrainInterfaceType.Create(grainInterface.Name);
        _create = grainInterface.CreateReference;
    }

    /// <summary>The name of the grains' class.</summary>
    public GrainType GrainType => Class.GrainType;

    /// <summary>The interface.</summary>
    public GrainInterfaceType InterfaceType { get; }

    internal Silo Silo { get; }

    internal GrainClass Class { get; }

    internal ReferenceFactory Factory => Silo.References;

    internal GrainReference Create(IdSpan key) => _create(this, key);
}
