using System.Text.Json;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Authorization;

/// <summary>The signature of an identity server on the accepted half of a third-party invite (v1, rule 5.3.1.7).</summary>
internal static class ThirdPartySignature
{
    // An event has room for hundreds of keys and of signatures, and each with each is a verification. Honest ones have one or two.
    private const int MaxKeys = 16;
    private const int MaxSignatures = 16;

    /// <summary>True when a signature in <paramref name="signed"/> is of a key in the content of <c>m.room.third_party_invite</c>.</summary>
    public static bool IsValid(JsonElement signed, JsonElement inviteContent)
    {
        var keys = PublicKeys(inviteContent);
        var signatures = Signatures(signed);
        if (keys.Count == 0 || signatures.Count == 0 || SignedBytes(signed) is not { } message)
            return false;
        foreach (var (keyId, signature) in signatures)
        {
            foreach (var publicKey in keys)
            {
                if (VerifyKey.TryParse(keyId, publicKey, out var key) && key.Verify(message, signature))
                    return true;
            }
        }

        return false;
    }

    private static HashSet<string> PublicKeys(JsonElement content)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        if (EventContent.TryGetString(content, "public_key", out var single))
            keys.Add(single);
        if (!EventContent.TryGet(content, "public_keys", out var list) || list.ValueKind != JsonValueKind.Array)
            return keys;
        foreach (var entry in list.EnumerateArray())
        {
            if (keys.Count == MaxKeys)
                break;
            if (EventContent.TryGetString(entry, "public_key", out var key))
                keys.Add(key);
        }

        return keys;
    }

    private static List<(string KeyId, string Signature)> Signatures(JsonElement signed)
    {
        var found = new List<(string, string)>();
        if (!EventContent.TryGet(signed, "signatures", out var servers) || servers.ValueKind != JsonValueKind.Object)
            return found;
        foreach (var server in servers.EnumerateObject())
        {
            if (server.Value.ValueKind != JsonValueKind.Object)
                continue;
            foreach (var entry in server.Value.EnumerateObject())
            {
                if (found.Count == MaxSignatures)
                    return found;
                if (entry.Value.ValueKind == JsonValueKind.String)
                    found.Add((entry.Name, entry.Value.GetString()!));
            }
        }

        return found;
    }

    // appendices, Signing JSON: canonical JSON without signatures and unsigned.
    private static byte[]? SignedBytes(JsonElement signed)
    {
        if (!CanonicalJson.Encode(signed, CanonicalJsonMode.Lenient).TryGet(out var canonical, out _))
            return null;
        var bytes = new ByteBuilder(canonical.Length);
        CanonicalEditor.AppendWithout(canonical, "signatures"u8, "unsigned"u8, default, ref bytes);
        var result = bytes.Written.ToArray();
        bytes.Dispose();
        return result;
    }
}
