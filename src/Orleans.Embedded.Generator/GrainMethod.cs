using System.Globalization;
using Microsoft.CodeAnalysis;

namespace Orleans.Embedded.Generator;

/// <summary>What the generator reads off a method of a grain interface.</summary>
internal static class GrainMethod
{
    public enum Kind
    {
        Void,
        Task,
        TaskOf,
        ValueTask,
        ValueTaskOf,
        Stream,
    }

    /// <summary>The members of an interface and of those it inherits that a reference has to implement.</summary>
    public static IEnumerable<ISymbol> Members(INamedTypeSymbol type) => new[] { type }.Concat(type.AllInterfaces)
        .SelectMany(t => t.GetMembers())
        .Where(member => member is IPropertySymbol or IEventSymbol
            || member is IMethodSymbol { MethodKind: MethodKind.Ordinary, DeclaredAccessibility: Accessibility.Public } method
                && (!method.IsStatic || method.IsAbstract));

    public static Kind? KindOf(IMethodSymbol method)
    {
        if (method.ReturnsVoid)
            return Kind.Void;
        return method.ReturnType.OriginalDefinition.ToDisplayString() switch
        {
            "System.Threading.Tasks.Task" => Kind.Task,
            "System.Threading.Tasks.Task<TResult>" => Kind.TaskOf,
            "System.Threading.Tasks.ValueTask" => Kind.ValueTask,
            "System.Threading.Tasks.ValueTask<TResult>" => Kind.ValueTaskOf,
            "System.Collections.Generic.IAsyncEnumerable<T>" => Kind.Stream,
            _ => null,
        };
    }

    public static bool IsCancellationToken(ITypeSymbol type) => type.ToDisplayString() == "System.Threading.CancellationToken";

    public static bool IsOneWay(IMethodSymbol method) => method.ReturnsVoid || Has(method, "Orleans.Concurrency.OneWayAttribute");

    /// <summary>The value of the engine's GrainMethodOptions.</summary>
    public static int Options(IMethodSymbol method) => (IsOneWay(method) ? 1 : 0)
        | (Has(method, "Orleans.Concurrency.ReadOnlyAttribute") ? 2 : 0)
        | (Has(method, "Orleans.Concurrency.AlwaysInterleaveAttribute") ? 4 : 0);

    /// <summary>The ticks of the method's response timeout; 0 without one.</summary>
    public static long TimeoutTicks(IMethodSymbol method) =>
        Find(method, "Orleans.ResponseTimeoutAttribute")?.ConstructorArguments[0].Value is string text
        && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var timeout)
            ? timeout.Ticks
            : 0;

    public static AttributeData? Find(ISymbol symbol, string attribute)
    {
        for (var current = symbol; current is not null; current = (current as INamedTypeSymbol)?.BaseType)
        {
            if (current.GetAttributes().FirstOrDefault(a => a.AttributeClass?.ToDisplayString() == attribute) is { } found)
                return found;
        }
        return null;
    }

    public static bool Has(ISymbol symbol, string attribute) => Find(symbol, attribute) is not null;
}
