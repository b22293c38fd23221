using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Grains.Device;

/// <summary>Signatures on key objects, and comparing those.</summary>
internal static class KeySignatures
{
    /// <summary>True if the object carries a right signature of the user by that key. Other signatures are not looked at.</summary>
    public static bool IsSignedBy(ReadOnlyMemory<byte> json, string userId, VerifyKey key) =>
        SignedJson.Check(json.Span, userId, id => id == key.KeyId ? key : null, CanonicalJsonMode.Lenient) == SignatureCheck.Valid;

    /// <summary>True if both are the same key object, signatures and unsigned data aside.</summary>
    public static bool SameContent(ReadOnlyMemory<byte> left, ReadOnlyMemory<byte> right) => SameJson(Content(left), Content(right));

    /// <summary>True if both are the same JSON, whatever the order of keys.</summary>
    public static bool SameJson(ReadOnlyMemory<byte> left, ReadOnlyMemory<byte> right) =>
        left.Span.SequenceEqual(right.Span)
        || (CanonicalJson.Encode(left.Span, CanonicalJsonMode.Lenient) is { Ok: true } a
            && CanonicalJson.Encode(right.Span, CanonicalJsonMode.Lenient) is { Ok: true } b
            && a.Value.AsSpan().SequenceEqual(b.Value));

    private static ReadOnlyMemory<byte> Content(ReadOnlyMemory<byte> json)
    {
        return JsonBytes.TryParseObject(json, out var key) ? JsonBytes.Object(w => JsonBytes.CopyMembers(w, key, "signatures", "unsigned")) : json;
    }
}
