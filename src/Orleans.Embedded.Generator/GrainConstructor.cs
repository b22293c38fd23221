using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Orleans.Embedded.Generator;

/// <summary>How an instance of a grain class is made of services.</summary>
internal static class GrainConstructor
{
    private const string Services = "global::Microsoft.Extensions.DependencyInjection.";

    /// <summary>The marked constructor, else the one with most parameters.</summary>
    public static IMethodSymbol? Choose(INamedTypeSymbol type)
    {
        var usable = type.InstanceConstructors
            .Where(c => c.DeclaredAccessibility is Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal)
            .OrderByDescending(c => c.Parameters.Length)
            .ToList();
        return usable.FirstOrDefault(c => GrainMethod.Has(c, "Microsoft.Extensions.DependencyInjection.ActivatorUtilitiesConstructorAttribute"))
            ?? usable.FirstOrDefault();
    }

    /// <summary>The expression that makes an instance, with <c>context</c> and <c>services</c> in scope.</summary>
    public static string Expression(INamedTypeSymbol type) =>
        $"new {Names.Full(type)}({string.Join(", ", Choose(type)!.Parameters.Select(Argument))})";

    /// <summary>The types of the services it takes.</summary>
    public static string Dependencies(INamedTypeSymbol type) => string.Join(", ", Choose(type)!.Parameters
        .Where(p => !IsContext(p) && p.Type.IsReferenceType)
        .Select(p => $"typeof({Names.Full(p.Type.WithNullableAnnotation(NullableAnnotation.NotAnnotated))})"));

    private static bool IsContext(IParameterSymbol parameter) => parameter.Type.ToDisplayString().TrimEnd('?') == "Orleans.Runtime.IGrainContext";

    private static string Argument(IParameterSymbol parameter)
    {
        if (IsContext(parameter))
            return "context";
        var type = Names.Full(parameter.Type.WithNullableAnnotation(NullableAnnotation.NotAnnotated));
        if (GrainMethod.Find(parameter, "Microsoft.Extensions.DependencyInjection.FromKeyedServicesAttribute") is { } keyed
            && keyed.ConstructorArguments.Length == 1)
            return $"{Services}ServiceProviderKeyedServiceExtensions.GetRequiredKeyedService<{type}>(services, {keyed.ConstructorArguments[0].ToCSharpString()})";
        return parameter.HasExplicitDefaultValue && parameter.Type.IsReferenceType
            ? $"{Services}ServiceProviderServiceExtensions.GetService<{type}>(services)"
            : $"{Services}ServiceProviderServiceExtensions.GetRequiredService<{type}>(services)";
    }
}
