using System.Text;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Federation.Signing;

/// <summary>The <c>Authorization: X-Matrix</c> header of a federation request (S-S API, Request Authentication).</summary>
/// <param name="Destination">Null if an old server left it out.</param>
public sealed record XMatrixHeader(string Origin, string? Destination, string KeyId, string Signature)
{
    private const string Scheme = "X-Matrix";
    private const int MaxLength = 2048;

    /// <summary>Parses the header's value; null if it does not follow the grammar, names no valid origin or lacks a parameter.</summary>
    public static XMatrixHeader? Parse(string? value)
    {
        if (value is null || value.Length > MaxLength || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || value.Length == Scheme.Length ||
            value[Scheme.Length] != ' ')
            return null;
        string? origin = null, destination = null, key = null, signature = null;
        var rest = value.AsSpan(Scheme.Length).TrimStart(' ');
        while (!rest.IsEmpty)
        {
            var equals = rest.IndexOf('=');
            if (equals <= 0)
                return null;
            var name = rest[..equals].Trim(" \t");
            rest = rest[(equals + 1)..];
            if (ReadValue(ref rest) is not { } text)
                return null;
            if (name.Equals("origin", StringComparison.OrdinalIgnoreCase))
                origin = text;
            else if (name.Equals("destination", StringComparison.OrdinalIgnoreCase))
                destination = text;
            else if (name.Equals("key", StringComparison.OrdinalIgnoreCase))
                key = text;
            else if (name.Equals("sig", StringComparison.OrdinalIgnoreCase))
                signature = text;
        }
        return origin is not null && key is not null && signature is not null && ServerName.IsValid(origin) &&
            (destination is null || ServerName.IsValid(destination))
            ? new XMatrixHeader(origin, destination, key, signature)
            : null;
    }

    /// <summary>The header's value, in the form that old servers read too.</summary>
    public override string ToString() => $"{Scheme} origin=\"{Origin}\",destination=\"{Destination}\",key=\"{KeyId}\",sig=\"{Signature}\"";

    /// <summary>Reads a value and the comma behind it; null if it is malformed.</summary>
    private static string? ReadValue(ref ReadOnlySpan<char> rest)
    {
        string text;
        if (rest.StartsWith('"'))
        {
            var builder = new StringBuilder();
            var i = 1;
            for (; i < rest.Length && rest[i] != '"'; i++)
            {
                if (rest[i] == '\\' && ++i == rest.Length)
                    return null;
                builder.Append(rest[i]);
            }
            if (i >= rest.Length)
                return null;
            text = builder.ToString();
            rest = rest[(i + 1)..].TrimStart(" \t");
            if (!rest.IsEmpty && rest[0] != ',')
                return null;
            rest = rest.IsEmpty ? rest : rest[1..];
        }
        else
        {
            // Unquoted values may hold colons, as old servers send them.
            var comma = rest.IndexOf(',');
            text = (comma < 0 ? rest : rest[..comma]).Trim(" \t").ToString();
            rest = comma < 0 ? default : rest[(comma + 1)..];
        }
        rest = rest.TrimStart(" \t");
        return text;
    }
}
