using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Device;

/// <summary>A signature on a key.</summary>
/// <param name="KeyId">Algorithm and id of the signing key, <c>ed25519:…</c>.</param>
internal sealed record KeySignature(string SignerId, string KeyId, string Signature);

/// <summary>Key objects with the signatures that were made on them later.</summary>
internal static class KeyJson
{
    /// <summary>The object with further signatures in its <c>signatures</c>, and without <c>unsigned</c>; null if what is stored is no object.</summary>
    public static ReadOnlyMemory<byte>? Merge(ReadOnlyMemory<byte> json, IEnumerable<KeySignature> added)
    {
        if (!JsonText.IsReadable(json.Span) || !JsonBytes.TryParseObject(json, out var key))
            return null;
        var bySigner = new SortedDictionary<string, SortedDictionary<string, string>>(StringComparer.Ordinal);
        foreach (var signature in SignaturesOf(key).Concat(added))
        {
            if (!bySigner.TryGetValue(signature.SignerId, out var byKey))
                bySigner[signature.SignerId] = byKey = new(StringComparer.Ordinal);
            byKey[signature.KeyId] = signature.Signature;
        }

        return JsonBytes.Object(w =>
        {
            foreach (var member in key.EnumerateObject())
            {
                if (member.Name is not ("signatures" or "unsigned"))
                    member.WriteTo(w);
            }

            if (bySigner.Count == 0)
                return;
            w.WriteStartObject("signatures"u8);
            foreach (var (signer, byKey) in bySigner)
            {
                w.WriteStartObject(signer);
                foreach (var (keyId, signature) in byKey)
                    w.WriteString(keyId, signature);
                w.WriteEndObject();
            }

            w.WriteEndObject();
        });
    }

    /// <summary>The signatures that an object carries; members of the wrong type are left out.</summary>
    public static IEnumerable<KeySignature> SignaturesOf(JsonElement json)
    {
        if (!json.TryGetProperty("signatures"u8, out var signers) || signers.ValueKind != JsonValueKind.Object)
            yield break;
        foreach (var signer in signers.EnumerateObject())
        {
            if (signer.Value.ValueKind != JsonValueKind.Object)
                continue;
            foreach (var signature in signer.Value.EnumerateObject())
            {
                if (signature.Value.ValueKind == JsonValueKind.String)
                    yield return new KeySignature(signer.Name, signature.Name, signature.Value.GetString()!);
            }
        }
    }
}
