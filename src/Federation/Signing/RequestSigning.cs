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
        if (Wrap(method, target, origin.Value, destination.Value, content.Span, default, default) is not { } json)
            return MatrixError.NotJson();
        if (!CanonicalJson.Encode(json, CanonicalJsonMode.Verbatim).TryGet(out var canonical, out var error))
            return error;
        return new XMatrixHeader(origin.Value, destination.Value, key.KeyId, key.Sign(canonical)).ToString();
    }

    /// <summary>Whether the header's signature over the request is right under the origin's key.</summary>
    public static bool IsSigned(XMatrixHeader header, string method, string target, ServerName self, ReadOnlyMemory<byte> content, VerifyKey key)
    {
        // Old servers leave the destination out of what they sign as well as out of the header.
        var json = Wrap(method, target, header.Origin, header.Destination is null ? null : self.Value, content.Span, header.KeyId, header.Signature);
        return json is not null &&
            SignedJson.Check(json, header.Origin, id => id == header.KeyId ? key : null, CanonicalJsonMode.Verbatim) == SignatureCheck.Valid;
    }

    /// <summary>What is signed; null if the content is not JSON.</summary>
    private static byte[]? Wrap(string method, string target, string origin, string? destination, ReadOnlySpan<byte> content, string? keyId, string? signature)
    {
        // Alone first, so that what stands behind a value cannot become a part of what is signed.
        byte[]? canonical = [];
        if (!content.IsEmpty && !CanonicalJson.Encode(content, CanonicalJsonMode.Verbatim).TryGet(out canonical, out _))
            return null;
        var buffer = new ArrayBufferWriter<byte>(canonical.Length + 512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (!content.IsEmpty)
            {
                writer.WritePropertyName("content");
                writer.WriteRaw(canonical);
            }
            if (destination is not null)
                writer.WriteString("destination", destination);
            writer.WriteString("method", method);
            writer.WriteString("origin", origin);
            if (keyId is not null)
            {
                writer.WriteStartObject("signatures");
                writer.WriteStartObject(origin);
                writer.WriteString(keyId, signature);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }
            writer.WriteString("uri", target);
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
