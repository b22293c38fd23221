using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace OrleansMatrix.Gateway.Media;

/// <summary>Media for other servers: a JSON part with the metadata, of which there are none yet, and the content (S-S API, Content Repository).</summary>
internal static class MultipartContent
{
    public static async Task WriteAsync(HttpResponse response, Stream content, string contentType, string? fileName)
    {
        var boundary = await BoundaryAsync(content);
        var head = Encoding.UTF8.GetBytes(
            $"--{boundary}\r\nContent-Type: application/json\r\n\r\n{{}}\r\n--{boundary}\r\nContent-Type: {contentType}\r\n" +
            $"Content-Disposition: {ContentHeaders.Disposition(contentType, fileName)}\r\n\r\n");
        var tail = Encoding.UTF8.GetBytes($"\r\n--{boundary}--\r\n");
        response.ContentType = $"multipart/mixed; boundary={boundary}";
        response.ContentLength = head.Length + content.Length + tail.Length;
        var aborted = response.HttpContext.RequestAborted;
        await response.Body.WriteAsync(head, aborted);
        await content.CopyToAsync(response.Body, aborted);
        await response.Body.WriteAsync(tail, aborted);
    }

    // No content holds its own SHA-256.
    private static async Task<string> BoundaryAsync(Stream content)
    {
        var hash = await SHA256.HashDataAsync(content);
        content.Position = 0;
        return Convert.ToHexStringLower(hash)[..48];
    }
}
