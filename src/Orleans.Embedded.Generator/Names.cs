using System.Text;
using Microsoft.CodeAnalysis;

namespace Orleans.Embedded.Generator;

/// <summary>How symbols are written.</summary>
internal static class Names
{
    private static readonly SymbolDisplayFormat Format = SymbolDisplayFormat.FullyQualifiedFormat.AddMiscellaneousOptions(
        SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    public static string Full(ITypeSymbol type) => type.ToDisplayString(Format);

    /// <summary>An identifier for any text; different texts that differ only in punctuation may collide.</summary>
    public static string Identifier(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
            result.Append(char.IsLetterOrDigit(c) ? c : '_');
        return char.IsDigit(result[0]) ? "_" + result : result.ToString();
    }
}
