using Orleans.Embedded;

namespace Orleans.Runtime;

/// <summary>A reference to a grain; holds no state of the grain.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    internal GrainReference(GrainReferenceShared shared, IdSpan key)
    {
        Shared = shared;
        Key = key;
    }

    internal GrainReferenceShared Shared { get; }

    internal IdSpan Key { get; }

    /// <summary>The grain.</summary>
    public GrainId GrainId => new(Shared.GrainType, Key);

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId == other.GrainId;

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public sealed override int GetHashCode() => GrainId.GetHashCode();

    /// <summary>Its grain id.</summary>
    public sealed override string ToString() => $"GrainReference:{GrainId}";
}

/// <summary>What the references to the grains of one type by one interface have in common.</summary>
public class GrainReferenceShared
{
    internal GrainReferenceShared(GrainType grainType, ReferenceFactory factory)
    {
        GrainType = grainType;
        Factory = factory;
    }

    /// <summary>The name of the grains' class.</summary>
    public GrainType GrainType { get; }

    internal ReferenceFactory Factory { get; }
}
