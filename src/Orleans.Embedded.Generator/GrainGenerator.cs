using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Orleans.Embedded.Generator;

/// <summary>
/// Writes, for every grain interface of a compilation, the class of references by it; for every grain class, how to make
/// an instance; and one manifest that makes both known when the assembly, or one that refers to it, is loaded.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class GrainGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context) =>
        context.RegisterSourceOutput(context.CompilationProvider, static (output, compilation) => Generate(output, compilation));

    private static void Generate(SourceProductionContext output, Compilation compilation)
    {
        var known = KnownTypes.Find(compilation);
        if (known is null)
            return;
        var ns = "Orleans.Embedded.Generated." + Names.Identifier(compilation.AssemblyName ?? "Assembly");
        var types = AllTypes(compilation.Assembly.GlobalNamespace).ToList();
        var manifest = new ManifestWriter(ns);
        foreach (var type in types.Where(known.IsGrainInterface))
        {
            output.CancellationToken.ThrowIfCancellationRequested();
            if (!Check.Interface(output, known, type))
                continue;
            var name = "Reference_" + Names.Identifier(type.ToDisplayString());
            output.AddSource(name + ".g.cs", SourceText.From(new ReferenceWriter(known, type, ns, name).Write(), Encoding.UTF8));
            manifest.AddInterface(type, name);
        }
        foreach (var type in types.Where(known.IsGrainClass))
        {
            if (Check.Class(output, type))
                manifest.AddClass(known, type);
        }
        foreach (var reference in ReferencedManifests(compilation, known))
            manifest.AddReferenced(reference);
        if (!manifest.IsEmpty)
            output.AddSource("GrainManifest.g.cs", SourceText.From(manifest.Write(), Encoding.UTF8));
    }

    private static IEnumerable<INamedTypeSymbol> ReferencedManifests(Compilation compilation, KnownTypes known) =>
        compilation.SourceModule.ReferencedAssemblySymbols
            .SelectMany(assembly => assembly.GetAttributes())
            .Where(attribute => SymbolEqualityComparer.Default.Equals(attribute.AttributeClass, known.ManifestAttribute))
            .Select(attribute => attribute.ConstructorArguments[0].Value)
            .OfType<INamedTypeSymbol>();

    private static IEnumerable<INamedTypeSymbol> AllTypes(INamespaceSymbol ns)
    {
        foreach (var member in ns.GetMembers())
        {
            if (member is INamespaceSymbol inner)
            {
                foreach (var type in AllTypes(inner))
                    yield return type;
            }
            else if (member is INamedTypeSymbol type)
            {
                foreach (var self in WithNested(type))
                    yield return self;
            }
        }
    }

    private static IEnumerable<INamedTypeSymbol> WithNested(INamedTypeSymbol type)
    {
        yield return type;
        foreach (var nested in type.GetTypeMembers().SelectMany(WithNested))
            yield return nested;
    }
}
