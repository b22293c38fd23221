using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Protocol;

namespace OrleansMatrix.Gateway.Media;

/// <summary>Media for other servers: a JSON part with the metadata, of which there are none yet, and the content (S-S API, Content Repository).</summary>
internal static class MultipartContent
{
    private const int BoundaryLength = 48;

    public static async Task WriteAsync(HttpResponse response, Stream content, string contentType, string? fileName, IRandom random)
    {
        // Whoever made the content cannot have known it.
        var boundary = RandomText.Base62(random, BoundaryLength);
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
}
