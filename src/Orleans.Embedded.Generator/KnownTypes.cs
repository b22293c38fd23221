using Microsoft.CodeAnalysis;

namespace Orleans.Embedded.Generator;

/// <summary>The types of the engine that the generator looks for.</summary>
internal sealed class KnownTypes
{
    private readonly INamedTypeSymbol _addressable;
    private readonly INamedTypeSymbol _grainBase;
    private readonly INamedTypeSymbol _grain;

    private KnownTypes(INamedTypeSymbol addressable, INamedTypeSymbol grainBase, INamedTypeSymbol grain, INamedTypeSymbol manifestAttribute)
    {
        _addressable = addressable;
        _grainBase = grainBase;
        _grain = grain;
        ManifestAttribute = manifestAttribute;
    }

    public INamedTypeSymbol ManifestAttribute { get; }

    public static KnownTypes? Find(Compilation compilation) =>
        compilation.GetTypeByMetadataName("Orleans.Runtime.IAddressable") is { } addressable
        && compilation.GetTypeByMetadataName("Orleans.IGrainBase") is { } grainBase
        && compilation.GetTypeByMetadataName("Orleans.Grain") is { } grain
        && compilation.GetTypeByMetadataName("Orleans.Embedded.GrainManifestAttribute") is { } manifest
        && !SymbolEqualityComparer.Default.Equals(manifest.ContainingAssembly, compilation.Assembly)
            ? new KnownTypes(addressable, grainBase, grain, manifest)
            : null;

    /// <summary>An interface that grains or observers are called by; not the markers of the engine.</summary>
    public bool IsGrainInterface(INamedTypeSymbol type) => type.TypeKind == TypeKind.Interface
        && type.AllInterfaces.Contains(_addressable, SymbolEqualityComparer.Default)
        && (!IsOfEngine(type) || type.Name == "IRemindable");

    /// <summary>A class the engine makes instances of.</summary>
    public bool IsGrainClass(INamedTypeSymbol type) => type is { TypeKind: TypeKind.Class, IsAbstract: false, IsStatic: false }
        && type.AllInterfaces.Contains(_grainBase, SymbolEqualityComparer.Default)
        && type.AllInterfaces.Any(IsGrainInterface);

    /// <summary>Whether the class, or a base of it below <c>Grain</c>, has a method of this name.</summary>
    public bool Overrides(INamedTypeSymbol type, string method)
    {
        for (var current = type; current is not null; current = current.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(current, _grain))
                return false;
            if (current.GetMembers(method).Length != 0)
                return true;
        }
        // Not derived from Grain: an explicit implementation has another name.
        return true;
    }

    private bool IsOfEngine(INamedTypeSymbol type) =>
        SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, _addressable.ContainingAssembly);
}
