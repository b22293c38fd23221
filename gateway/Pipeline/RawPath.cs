using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Path segments as sent. Kestrel leaves <c>%2F</c> in a path undecoded but decodes <c>%25</c>, so a decoded segment cannot tell an encoded slash from a
/// literal "%2F"; the request target can.
/// </summary>
internal static class RawPath
{
    /// <summary>The segment at <paramref name="index"/> (0 is the first after the leading slash), percent-decoded; null if there is none.</summary>
    public static string? Segment(HttpContext context, int index)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        var decoded = context.Request.Path.Value ?? "";
        if (target is null || !target.StartsWith('/'))
            return FromDecoded(decoded, index);
        var query = target.AsSpan().IndexOf('?');
        var raw = query < 0 ? target.AsSpan() : target.AsSpan(0, query);

        // Dot segments were taken out of the decoded path: then positions in the raw one mean something else.
        if (raw.Count('/') != decoded.AsSpan().Count('/') + context.Request.PathBase.Value.AsSpan().Count('/'))
            return FromDecoded(decoded, index);
        var segment = Nth(raw[(context.Request.PathBase.Value?.Length ?? 0)..], index);
        return segment.IsEmpty ? null : Uri.UnescapeDataString(segment);
    }

    private static string? FromDecoded(string path, int index)
    {
        var segment = Nth(path, index);
        return segment.IsEmpty ? null : segment.ToString().Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
    }

    private static ReadOnlySpan<char> Nth(ReadOnlySpan<char> path, int index)
    {
        path = path.StartsWith('/') ? path[1..] : path;
        foreach (var range in path.Split('/'))
        {
            if (index-- == 0)
                return path[range];
        }

        return default;
    }
}
