using System.Security.Cryptography;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Events;

/// <summary>The content hash and the reference hash of events (S-S API, Signing Events).</summary>
public static class EventHashes
{
    /// <summary>The content hash that the event should claim, in unpadded Base64.</summary>
    public static string ComputeContentHash(Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        ComputeContentHash(pdu.Json.Span, hash);
        return UnpaddedBase64.Encode(hash);
    }

    /// <summary>True when the event's content is what its <c>hashes</c> says: nobody changed or redacted it.</summary>
    public static bool HasValidContentHash(Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        Span<byte> claimed = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> actual = stackalloc byte[SHA256.HashSizeInBytes];
        if (!UnpaddedBase64.TryDecodeExactly(pdu.ContentHash, claimed))
            return false;
        ComputeContentHash(pdu.Json.Span, actual);
        return actual.SequenceEqual(claimed);
    }

    /// <summary>The reference hash in unpadded Base64, as in the <c>prev_events</c> of room v1 and v2.</summary>
    public static string ComputeReferenceHash(Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        ComputeReferenceHash(pdu.Json.Span, pdu.RoomVersion, pdu.Type, hash);
        return UnpaddedBase64.Encode(hash);
    }

    /// <summary>The id of an event of room v3 or later: '$' and the reference hash.</summary>
    internal static string EventId(ReadOnlySpan<byte> json, RoomVersion version, string type)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        ComputeReferenceHash(json, version, type, hash);
        return FormatEventId(hash, version);
    }

    /// <summary>The event id for a reference hash.</summary>
    internal static string FormatEventId(ReadOnlySpan<byte> referenceHash, RoomVersion version) => version.EventIdFormat switch
    {
        EventIdFormat.ReferenceHash => "$" + UnpaddedBase64.Encode(referenceHash),
        EventIdFormat.UrlSafeReferenceHash => "$" + UnpaddedBase64.EncodeUrlSafe(referenceHash),
        _ => throw new InvalidOperationException($"Room version {version.Id} does not derive event ids"),
    };

    /// <summary>S-S API, Calculating the content hash for an event: all but <c>unsigned</c>, <c>signatures</c> and <c>hashes</c>.</summary>
    internal static void ComputeContentHash(ReadOnlySpan<byte> canonical, Span<byte> hash)
    {
        var buffer = new ByteBuilder(canonical.Length);
        CanonicalEditor.AppendWithout(canonical, "hashes"u8, "signatures"u8, "unsigned"u8, ref buffer);
        SHA256.HashData(buffer.Written, hash);
        buffer.Dispose();
    }

    /// <summary>S-S API, Calculating the reference hash for an event: redacted, without <c>signatures</c> and <c>unsigned</c>.</summary>
    private static void ComputeReferenceHash(ReadOnlySpan<byte> canonical, RoomVersion version, string type, Span<byte> hash)
    {
        var buffer = new ByteBuilder(canonical.Length);
        Redaction.Append(canonical, version, type, withSignatures: false, ref buffer);
        SHA256.HashData(buffer.Written, hash);
        buffer.Dispose();
    }
}
