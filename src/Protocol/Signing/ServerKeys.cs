using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Signing;

/// <summary>A server's published keys: the response of <c>/_matrix/key/v2/server</c> (S-S API, Publishing Keys).</summary>
public sealed class ServerKeys
{
    /// <summary>Keys are never relied on for longer than this after they were fetched: seven days, in milliseconds.</summary>
    public const long MaxValidityMs = 7L * 24 * 60 * 60 * 1000;

    private const int MaxKeys = 100;

    private ServerKeys(ServerName serverName, long validUntilTs, ImmutableDictionary<string, ServerVerifyKey> keys, byte[] json)
    {
        ServerName = serverName;
        ValidUntilTs = validUntilTs;
        Keys = keys;
        Json = json;
    }

    /// <summary>The server whose keys these are.</summary>
    public ServerName ServerName { get; }

    /// <summary>When to ask again, as published: milliseconds since the Unix epoch.</summary>
    public long ValidUntilTs { get; }

    /// <summary>Keys in use and old keys, by key id. Keys of other algorithms are left out.</summary>
    public ImmutableDictionary<string, ServerVerifyKey> Keys { get; }

    /// <summary>The whole object as canonical JSON, signatures included, to be passed on by a notary.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>
    /// Parses the object and checks that the server signed it with one of the keys in it. M_BAD_JSON for a malformed object,
    /// M_FORBIDDEN when the signature does not hold.
    /// </summary>
    /// <param name="json">The object.</param>
    /// <param name="fetchedTs">When it was fetched, in milliseconds since the Unix epoch.</param>
    public static Outcome<ServerKeys> Parse(ReadOnlySpan<byte> json, long fetchedTs)
    {
        // Some servers publish numbers that strict canonical JSON has no room for; their signatures hold all the same.
        if (!CanonicalJson.Encode(json, CanonicalJsonMode.Lenient).TryGet(out var canonical, out var error))
            return error;
        using var document = JsonText.Parse(canonical);
        return Read(document.RootElement, canonical, fetchedTs);
    }

    /// <summary>Makes this server's own object, signed with each key in use.</summary>
    public static byte[] Build(
        ServerName serverName, IReadOnlyCollection<SigningKey> keys, IReadOnlyCollection<ServerVerifyKey> oldKeys, long validUntilTs)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(oldKeys);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("server_name"u8, serverName.Value);
            writer.WriteNumber("valid_until_ts"u8, validUntilTs);
            writer.WriteStartObject("verify_keys"u8);
            foreach (var key in keys)
                WriteKey(writer, key.VerifyKey, null);
            writer.WriteEndObject();
            writer.WriteStartObject("old_verify_keys"u8);
            foreach (var old in oldKeys)
                WriteKey(writer, old.Key, old.ValidUntilTs);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        var json = buffer.ToArray();
        foreach (var key in keys)
            json = SignedJson.Sign(json, serverName.Value, key).Value;
        return json;
    }

    /// <summary>
    /// Makes a notary's response to <c>/_matrix/key/v2/query</c>: other servers' objects, each signed by the notary too (S-S API, Querying
    /// Keys Through Another Server).
    /// </summary>
    public static byte[] BuildNotaryResponse(IEnumerable<ReadOnlyMemory<byte>> serverKeys, ServerName notary, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(serverKeys);
        var output = new ByteBuilder(1024);
        output.Append("{\"server_keys\":["u8);
        var first = true;
        foreach (var json in serverKeys)
        {
            if (!first)
                output.Append((byte)',');
            first = false;
            output.Append(SignedJson.Sign(json.Span, notary.Value, key, CanonicalJsonMode.Lenient).Value);
        }

        output.Append("]}"u8);
        var response = output.Written.ToArray();
        output.Dispose();
        return response;
    }

    /// <summary>
    /// Parses a notary's response. Entries that are malformed, or not signed by both their server and the notary, are left out.
    /// </summary>
    /// <param name="json">The response.</param>
    /// <param name="notary">The notary's server name.</param>
    /// <param name="findNotaryKey">The notary's keys by key id.</param>
    /// <param name="fetchedTs">When it was fetched, in milliseconds since the Unix epoch.</param>
    public static Outcome<ImmutableArray<ServerKeys>> ParseNotaryResponse(
        ReadOnlySpan<byte> json, string notary, Func<string, VerifyKey?> findNotaryKey, long fetchedTs)
    {
        if (!CanonicalJson.Encode(json, CanonicalJsonMode.Lenient).TryGet(out var canonical, out var error))
            return error;
        var list = canonical[0] == '{' ? CanonicalObject.Find(canonical, "server_keys"u8) : default;
        if (list.IsEmpty || list[0] != '[')
            return MatrixError.BadJson("server_keys is not a list");
        var found = ImmutableArray.CreateBuilder<ServerKeys>();
        var entries = new CanonicalArray(list);
        while (entries.MoveNext())
        {
            if (SignedJson.Check(entries.Value, notary, findNotaryKey, CanonicalJsonMode.Lenient) == SignatureCheck.Valid &&
                Parse(entries.Value, fetchedTs).TryGet(out var keys, out _))
                found.Add(keys);
        }

        return found.DrainToImmutable();
    }

    private static Outcome<ServerKeys> Read(JsonElement root, byte[] canonical, long fetchedTs)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("Server keys are not an object");
        if (!root.TryGetProperty("server_name"u8, out var name) || name.ValueKind != JsonValueKind.String ||
            !ServerName.TryParse(name.GetString(), out var serverName))
            return MatrixError.BadJson("server_name is not a server name");
        if (!root.TryGetProperty("valid_until_ts"u8, out var until) || until.ValueKind != JsonValueKind.Number ||
            !until.TryGetInt64(out var validUntilTs))
            return MatrixError.BadJson("valid_until_ts is not an integer");

        // "Servers MUST use the lesser of this field and 7 days into the future when determining if a key is valid."
        var reliableUntil = Math.Min(validUntilTs, fetchedTs + MaxValidityMs);
        var keys = ImmutableDictionary.CreateBuilder<string, ServerVerifyKey>(StringComparer.Ordinal);
        if (!root.TryGetProperty("verify_keys"u8, out var current) || !ReadKeys(current, reliableUntil, keys) || keys.Count == 0)
            return MatrixError.BadJson("verify_keys is not valid");
        // With the keys in use and none of the old ones: an old key may not vouch for the list.
        var inUse = keys.ToImmutable();
        if (SignedJson.Check(canonical, serverName.Value, id => inUse.GetValueOrDefault(id)?.Key, CanonicalJsonMode.Lenient) != SignatureCheck.Valid)
            return MatrixError.Forbidden("The keys are not signed by their server");
        if (root.TryGetProperty("old_verify_keys"u8, out var old) && !ReadKeys(old, null, keys))
            return MatrixError.BadJson("old_verify_keys is not valid");
        return new ServerKeys(serverName, validUntilTs, keys.ToImmutable(), canonical);
    }

    /// <summary>Reads keys in use, or old keys when no time is given; the former win over the latter.</summary>
    private static bool ReadKeys(JsonElement members, long? validUntilTs, ImmutableDictionary<string, ServerVerifyKey>.Builder keys)
    {
        if (members.ValueKind != JsonValueKind.Object)
            return false;
        foreach (var member in members.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Object || !member.Value.TryGetProperty("key"u8, out var base64) ||
                base64.ValueKind != JsonValueKind.String)
                return false;
            var until = validUntilTs;
            if (until is null)
            {
                if (!member.Value.TryGetProperty("expired_ts"u8, out var expired) || expired.ValueKind != JsonValueKind.Number ||
                    !expired.TryGetInt64(out var expiredTs))
                    return false;
                until = expiredTs;
            }

            if (keys.Count < MaxKeys && VerifyKey.TryParse(member.Name, base64.GetString()!, out var key))
                keys.TryAdd(member.Name, new ServerVerifyKey(key, until.Value, validUntilTs is null));
        }

        return true;
    }

    private static void WriteKey(Utf8JsonWriter writer, VerifyKey key, long? expiredTs)
    {
        writer.WriteStartObject(key.KeyId);
        writer.WriteString("key"u8, key.ToBase64());
        if (expiredTs is { } ts)
            writer.WriteNumber("expired_ts"u8, ts);
        writer.WriteEndObject();
    }
}
