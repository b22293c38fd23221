using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Signing;

/// <summary>Signed JSON objects (appendices, Signing JSON).</summary>
public static class SignedJson
{
    /// <summary>
    /// Adds a signature to an object, next to those it has; gives canonical JSON. M_NOT_JSON or M_BAD_JSON when it has no canonical form.
    /// </summary>
    public static Outcome<byte[]> Sign(
        ReadOnlySpan<byte> json, string entity, SigningKey key, CanonicalJsonMode mode = CanonicalJsonMode.Strict)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!CanonicalJson.Encode(json, mode).TryGet(out var canonical, out var error))
            return error;
        if (canonical[0] != '{')
            return MatrixError.BadJson("Only objects can be signed");
        var signed = new ByteBuilder(canonical.Length);
        CanonicalEditor.AppendWithout(canonical, "signatures"u8, "unsigned"u8, default, ref signed);
        var signature = key.Sign(signed.Written);
        signed.Dispose();
        return AddSignature(canonical, entity, key.KeyId, signature);
    }

    /// <summary>
    /// Checks whether the entity signed the object (appendices, Checking for a Signature). Signatures by keys that
    /// <paramref name="findKey"/> does not know are passed over; one known key must have signed, and all known keys rightly.
    /// </summary>
    public static SignatureCheck Check(
        ReadOnlySpan<byte> json, string entity, Func<string, VerifyKey?> findKey, CanonicalJsonMode mode = CanonicalJsonMode.Strict)
    {
        ArgumentNullException.ThrowIfNull(findKey);
        if (!CanonicalJson.Encode(json, mode).TryGet(out var canonical, out _) || canonical[0] != '{')
            return SignatureCheck.NotCanonical;
        var signatures = FindSignatures(canonical, entity);
        if (signatures.IsEmpty)
            return SignatureCheck.Missing;
        var signed = new ByteBuilder(canonical.Length);
        CanonicalEditor.AppendWithout(canonical, "signatures"u8, "unsigned"u8, default, ref signed);
        var result = CheckAll(signed.Written, signatures, findKey);
        signed.Dispose();
        return result;
    }

    /// <summary>The ids of the Ed25519 keys with which the entity claims to have signed the object; none when it is no such object.</summary>
    public static IReadOnlyList<string> GetKeyIds(ReadOnlySpan<byte> json, string entity, CanonicalJsonMode mode = CanonicalJsonMode.Strict)
    {
        if (!CanonicalJson.Encode(json, mode).TryGet(out var canonical, out _) || canonical[0] != '{')
            return [];
        var ids = new List<string>();
        var signatures = FindSignatures(canonical, entity);
        if (signatures.IsEmpty)
            return ids;
        var keys = new CanonicalObject(signatures);
        while (keys.MoveNext())
        {
            var keyId = CanonicalObject.ReadKey(keys.Key);
            if (KeyIds.IsEd25519(keyId))
                ids.Add(keyId);
        }

        return ids;
    }

    /// <summary>Puts a signature into an object in canonical JSON; whatever is in the way of one is replaced.</summary>
    internal static byte[] AddSignature(ReadOnlySpan<byte> canonical, string entity, string keyId, string signature)
    {
        var output = new ByteBuilder(canonical.Length + 256);
        var signatures = CanonicalObject.Find(canonical, "signatures"u8);
        var existing = FindSignatures(canonical, entity);
        var entityKey = CanonicalKey(entity);

        output.Append((byte)'{');
        CanonicalEditor.AppendMembers(canonical, "signatures"u8, default, default, ref output);
        AppendComma(ref output);
        output.Append("\"signatures\":{"u8);
        if (!signatures.IsEmpty && signatures[0] == '{')
            CanonicalEditor.AppendMembers(signatures, entityKey, default, default, ref output);
        AppendComma(ref output);
        output.AppendJsonString(entity);
        output.Append(":{"u8);
        if (!existing.IsEmpty)
            CanonicalEditor.AppendMembers(existing, CanonicalKey(keyId), default, default, ref output);
        AppendComma(ref output);
        output.AppendJsonString(keyId);
        output.Append((byte)':');
        output.AppendJsonString(signature);
        output.Append("}}}"u8);

        // Everything is in canonical form but for the order.
        var result = CanonicalJson.Encode(output.Written, CanonicalJsonMode.Verbatim).Value;
        output.Dispose();
        return result;
    }

    /// <summary>The entity's object in <c>signatures</c>; empty when there is none.</summary>
    internal static ReadOnlySpan<byte> FindSignatures(ReadOnlySpan<byte> canonical, string entity)
    {
        var signatures = CanonicalObject.Find(canonical, "signatures"u8);
        if (signatures.IsEmpty || signatures[0] != '{')
            return default;
        var keys = CanonicalObject.Find(signatures, CanonicalKey(entity));
        return keys.IsEmpty || keys[0] != '{' ? default : keys;
    }

    private static SignatureCheck CheckAll(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signatures, Func<string, VerifyKey?> findKey)
    {
        var result = SignatureCheck.Missing;
        var keys = new CanonicalObject(signatures);
        while (keys.MoveNext())
        {
            var keyId = CanonicalObject.ReadKey(keys.Key);
            if (!KeyIds.IsEd25519(keyId))
                continue;
            if (findKey(keyId) is not { } key)
            {
                if (result == SignatureCheck.Missing)
                    result = SignatureCheck.UnknownKey;
            }
            else if (CanonicalObject.ReadString(keys.Value) is { } signature && key.Verify(signed, signature))
            {
                result = SignatureCheck.Valid;
            }
            else
            {
                return SignatureCheck.Invalid;
            }
        }

        return result;
    }

    private static void AppendComma(ref ByteBuilder output)
    {
        if (output.Written[^1] != '{')
            output.Append((byte)',');
    }

    private static byte[] CanonicalKey(string text)
    {
        var quoted = new ByteBuilder(text.Length + 2);
        quoted.AppendJsonString(text);
        var key = quoted.Written[1..^1].ToArray();
        quoted.Dispose();
        return key;
    }
}
