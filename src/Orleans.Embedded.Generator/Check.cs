using Microsoft.CodeAnalysis;

namespace Orleans.Embedded.Generator;

/// <summary>What the engine cannot run is an error at compile time.</summary>
internal static class Check
{
    private static readonly DiagnosticDescriptor BadInterface = new("OEG001", "Grain interface", "{0}: {1}", "Orleans",
        DiagnosticSeverity.Error, isEnabledByDefault: true);

    private static readonly DiagnosticDescriptor BadMethod = new("OEG002", "Grain method", "{0}: {1}", "Orleans",
        DiagnosticSeverity.Error, isEnabledByDefault: true);

    private static readonly DiagnosticDescriptor BadClass = new("OEG003", "Grain class", "{0}: {1}", "Orleans",
        DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static bool Interface(SourceProductionContext output, KnownTypes known, INamedTypeSymbol type)
    {
        if (type.IsGenericType)
            return Report(output, BadInterface, type, "a grain interface cannot be generic");
        if (!IsAccessible(type))
            return Report(output, BadInterface, type, "a grain interface is public or internal");
        foreach (var member in GrainMethod.Members(type))
        {
            if (member is IPropertySymbol or IEventSymbol)
                return Report(output, BadMethod, member, "grain interfaces have methods only");
            if (member is IMethodSymbol method && Method(method) is { } problem)
                return Report(output, BadMethod, method, problem);
        }
        return known.IsGrainInterface(type);
    }

    public static bool Class(SourceProductionContext output, INamedTypeSymbol type)
    {
        if (type.IsGenericType)
            return Report(output, BadClass, type, "a grain class cannot be generic");
        if (!IsAccessible(type))
            return Report(output, BadClass, type, "a grain class is public or internal");
        if (GrainConstructor.Choose(type) is null)
            return Report(output, BadClass, type, "a grain class has a public or internal constructor");
        return true;
    }

    private static string? Method(IMethodSymbol method)
    {
        if (method.IsStatic)
            return "a grain method is not static";
        if (method.Parameters.Any(p => p.RefKind != RefKind.None))
            return "a grain method has no ref, in or out parameters";
        if (method.Parameters.Count(p => GrainMethod.IsCancellationToken(p.Type)) > 1)
            return "a grain method has one cancellation token at most";
        if (GrainMethod.KindOf(method) is not { } kind)
            return "a grain method returns Task, Task<T>, ValueTask, ValueTask<T>, IAsyncEnumerable<T> or, one-way, nothing";
        return GrainMethod.IsOneWay(method) && kind is not (GrainMethod.Kind.Task or GrainMethod.Kind.ValueTask or GrainMethod.Kind.Void)
            ? "a one-way method returns Task, ValueTask or nothing"
            : null;
    }

    private static bool Report(SourceProductionContext output, DiagnosticDescriptor descriptor, ISymbol symbol, string problem)
    {
        output.ReportDiagnostic(Diagnostic.Create(descriptor, symbol.Locations.FirstOrDefault(), symbol.ToDisplayString(), problem));
        return false;
    }

    private static bool IsAccessible(INamedTypeSymbol type)
    {
        for (var current = type; current is not null; current = current.ContainingType)
        {
            if (current.DeclaredAccessibility is not (Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal))
                return false;
        }
        return true;
    }
}
