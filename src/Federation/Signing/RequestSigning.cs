using System.Buffers;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Federation.Signing;

/// <summary>Signs and checks federation requests (S-S API, Request Authentication).</summary>
public static class RequestSigning
{
    /// <summary>The Authorization header for a request.</summary>
    /// <param name="target">Path and query, as sent.</param>
    /// <param name="content">The JSON body; empty for none.</param>
    public static Outcome<string> Sign(string method, string target, ServerName origin, ServerName destination, ReadOnlyMemory<byte> content, SigningKey key)
    {
        if (!Signed(method, target, origin.Value, destination.Value, content.Span).TryGet(out var signed, out var error))
            return error;
        return new XMatrixHeader(origin.Value, destination.Value, key.KeyId, key.Sign(signed)).ToString();
    }

    /// <summary>Whether the header's signature over the request is right under the origin's key.</summary>
    public static bool IsSigned(XMatrixHeader header, string method, string target, ServerName self, ReadOnlyMemory<byte> content, VerifyKey key)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(key);

        // Old servers leave the destination out of what they sign as well as out of the header.
        var destination = header.Destination is null ? null : self.Value;
        return key.KeyId == header.KeyId && Signed(method, target, header.Origin, destination, content.Span).TryGet(out var signed, out _) &&
            key.Verify(signed, header.Signature);
    }

    /// <summary>What is signed, in canonical form; the error of a content that is not JSON.</summary>
    private static Outcome<byte[]> Signed(string method, string target, string origin, string? destination, ReadOnlySpan<byte> content)
    {
        // Alone, so that what stands behind a value cannot become a part of what is signed.
        byte[]? body = [];
        if (!content.IsEmpty && !CanonicalJson.Encode(content, CanonicalJsonMode.Verbatim).TryGet(out body, out var error))
            return error;
        var request = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(request))
        {
            writer.WriteStartObject();
            if (destination is not null)
                writer.WriteString("destination", destination);
            writer.WriteString("method", method);
            writer.WriteString("origin", origin);
            writer.WriteString("uri", target);
            writer.WriteEndObject();
        }

        // Of the members, "content" is the first in their order: a large body is brought into its form once.
        if (!CanonicalJson.Encode(request.WrittenSpan, CanonicalJsonMode.Verbatim).TryGet(out var rest, out error))
            return error;
        return body.Length == 0 ? rest : (byte[])[.. "{\"content\":"u8, .. body, (byte)',', .. rest.AsSpan(1)];
    }
}
