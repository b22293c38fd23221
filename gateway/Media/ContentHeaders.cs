using System.Collections.Frozen;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace OrleansMatrix.Gateway.Media;

/// <summary>The headers that content is served with, so that no browser runs it (C-S API, Content repository).</summary>
internal static class ContentHeaders
{
    private const string Policy =
        "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';";

    // Serving inline content.
    private static readonly FrozenSet<string> s_inline = new[]
    {
        "text/css", "text/plain", "text/csv", "application/json", "application/ld+json", "image/jpeg", "image/gif", "image/png", "image/apng", "image/webp",
        "image/avif", "video/mp4", "video/webm", "video/ogg", "video/quicktime", "audio/mp4", "audio/webm", "audio/aac", "audio/mpeg", "audio/ogg",
        "audio/wave",
        "audio/wav", "audio/x-wav", "audio/x-pn-wav", "audio/flac", "audio/x-flac",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static void Write(HttpResponse response, string contentType, string? fileName, long? length)
    {
        var headers = response.Headers;
        response.ContentType = contentType;
        response.ContentLength = length;
        headers.ContentDisposition = Disposition(contentType, fileName);
        headers.ContentSecurityPolicy = Policy;
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        headers.XContentTypeOptions = "nosniff";

        // Content never changes; who may see it is asked again by shared caches.
        headers.CacheControl = "private, max-age=86400, immutable";
    }

    internal static string Disposition(string contentType, string? fileName)
    {
        var semicolon = contentType.IndexOf(';', StringComparison.Ordinal);
        var disposition = s_inline.Contains((semicolon < 0 ? contentType : contentType[..semicolon]).Trim()) ? "inline" : "attachment";
        if (string.IsNullOrEmpty(fileName))
            return disposition;

        // RFC 6266: plain names quoted, others percent-encoded.
        return fileName.All(static c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '.' or '-' or '_')
            ? $"{disposition}; filename=\"{fileName}\""
            : $"{disposition}; filename*=utf-8''{Encode(fileName)}";
    }

    private static string Encode(string fileName)
    {
        var text = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(fileName))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'.' or (byte)'-' or (byte)'_')
                text.Append((char)b);
            else
                text.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
