using System.Security.Cryptography;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Protocol.Events;

/// <summary>A new event of this server: hashed, signed and given its id by <see cref="Build"/>.</summary>
public sealed class PduBuilder
{
    /// <summary>The sender's user id.</summary>
    public required string Sender { get; init; }

    /// <summary>The event type.</summary>
    public required string Type { get; init; }

    /// <summary>The content: any JSON object.</summary>
    public required ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>The state key of a state event.</summary>
    public string? StateKey { get; init; }

    /// <summary>The room id; null for the <c>m.room.create</c> of a room v12.</summary>
    public string? RoomId { get; init; }

    /// <summary>The ids of the events before this one.</summary>
    public IReadOnlyList<string> PrevEvents { get; init; } = [];

    /// <summary>The ids of the events that allow this one.</summary>
    public IReadOnlyList<string> AuthEvents { get; init; } = [];

    /// <summary>Room v1 and v2: reference hashes (unpadded Base64) by event id for the two lists; one that is not known is left out.</summary>
    public IReadOnlyDictionary<string, string>? ReferenceHashes { get; init; }

    /// <summary>One more than the largest depth of the previous events.</summary>
    public long Depth { get; init; }

    /// <summary>Milliseconds since the Unix epoch.</summary>
    public long OriginServerTs { get; init; }

    /// <summary>The event that an <c>m.room.redaction</c> redacts; put where the room version has it.</summary>
    public string? Redacts { get; init; }

    /// <summary>Room v1 and v2: the event's id; later versions derive it.</summary>
    public string? EventId { get; init; }

    /// <summary>The <c>unsigned</c> object; empty for none.</summary>
    public ReadOnlyMemory<byte> Unsigned { get; init; }

    /// <summary>
    /// Makes the event (S-S API, Adding hashes and signatures to outgoing events). M_BAD_JSON for content that is no object or not
    /// acceptable in the room version, M_TOO_LARGE for an event over 65,536 bytes.
    /// </summary>
    public Outcome<Pdu> Build(RoomVersion version, ServerName server, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(version);
        ArgumentNullException.ThrowIfNull(key);
        var mode = version.StrictCanonicalJson ? CanonicalJsonMode.Strict : CanonicalJsonMode.Lenient;
        if (!EncodeObject(ContentWithRedacts(version), mode).TryGet(out var content, out var error))
            return error;
        byte[] unsigned = [];
        if (!Unsigned.IsEmpty && !EncodeObject(Unsigned.Span, mode).TryGet(out unsigned!, out error))
            return error;

        // Three parts, so that hashes and signatures fall into their sorted places between them.
        var body = new ByteBuilder(content.Length + 1024);
        var output = new ByteBuilder(content.Length + 1280);
        try
        {
            AppendUpToHashes(content, version, ref body);
            var hashesAt = body.Length;
            AppendUpToSignatures(version, ref body);
            var signaturesAt = body.Length;
            AppendRest(ref body);
            return Finish(body.Written, hashesAt, signaturesAt, unsigned, version, server, key, ref output);
        }
        finally
        {
            body.Dispose();
            output.Dispose();
        }
    }

    private Outcome<Pdu> Finish(
        ReadOnlySpan<byte> body,
        int hashesAt,
        int signaturesAt,
        byte[] unsigned,
        RoomVersion version,
        ServerName server,
        SigningKey key,
        ref ByteBuilder output)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        output.Append(body[..hashesAt]);
        output.Append("\"hashes\":{\"sha256\":\""u8);
        UnpaddedBase64.Append(hash, ref output);
        output.Append("\"},"u8);
        var shift = output.Length - hashesAt;
        output.Append(body[hashesAt..]);

        // What is signed and what the id is made of are the same bytes: redacted, without signatures and unsigned.
        var redacted = new ByteBuilder(body.Length + 128);
        Span<byte> signature = stackalloc byte[Ed25519.SignatureSize];
        Redaction.Append(output.Written, version, Type, withSignatures: false, ref redacted);
        key.Sign(redacted.Written, signature);
        SHA256.HashData(redacted.Written, hash);
        redacted.Dispose();

        output.Length = signaturesAt + shift;
        output.Append("\"signatures\":{"u8);
        output.AppendJsonString(server.Value);
        output.Append(":{"u8);
        output.AppendJsonString(key.KeyId);
        output.Append(":\""u8);
        UnpaddedBase64.Append(signature, ref output);
        output.Append("\"}},"u8);
        output.Append(body[signaturesAt..]);
        if (unsigned.Length > 0)
        {
            output.Length--;
            output.Append(",\"unsigned\":"u8);
            output.Append(unsigned);
            output.Append((byte)'}');
        }

        var eventId = version.EventIdFormat == EventIdFormat.Given ? EventId : EventHashes.FormatEventId(hash, version);
        return PduParser.FromCanonical(output.Written.ToArray(), version, eventId);
    }

    private void AppendUpToHashes(byte[] content, RoomVersion version, ref ByteBuilder body)
    {
        body.Append("{\"auth_events\":"u8);
        AppendReferences(AuthEvents, version, ref body);
        body.Append(",\"content\":"u8);
        body.Append(content);
        body.Append(",\"depth\":"u8);
        body.AppendInteger(Depth);
        body.Append((byte)',');
        if (version.EventIdFormat == EventIdFormat.Given)
            AppendMember("\"event_id\":"u8, EventId, ref body);
    }

    private void AppendUpToSignatures(RoomVersion version, ref ByteBuilder body)
    {
        body.Append("\"origin_server_ts\":"u8);
        body.AppendInteger(OriginServerTs);
        body.Append(",\"prev_events\":"u8);
        AppendReferences(PrevEvents, version, ref body);
        body.Append((byte)',');
        if (!version.RedactsInContent)
            AppendMember("\"redacts\":"u8, Redacts, ref body);
        AppendMember("\"room_id\":"u8, RoomId, ref body);
        AppendMember("\"sender\":"u8, Sender, ref body);
    }

    private void AppendRest(ref ByteBuilder body)
    {
        AppendMember("\"state_key\":"u8, StateKey, ref body);
        body.Append("\"type\":"u8);
        body.AppendJsonString(Type);
        body.Append((byte)'}');
    }

    private static void AppendMember(ReadOnlySpan<byte> key, string? value, ref ByteBuilder body)
    {
        if (value is null)
            return;
        body.Append(key);
        body.AppendJsonString(value);
        body.Append((byte)',');
    }

    private void AppendReferences(IReadOnlyList<string> ids, RoomVersion version, ref ByteBuilder body)
    {
        body.Append((byte)'[');
        for (var i = 0; i < ids.Count; i++)
        {
            if (i > 0)
                body.Append((byte)',');
            if (!version.EventReferencesCarryHashes)
            {
                body.AppendJsonString(ids[i]);
                continue;
            }

            body.Append((byte)'[');
            body.AppendJsonString(ids[i]);
            body.Append(",{"u8);
            if (ReferenceHashes is not null && ReferenceHashes.TryGetValue(ids[i], out var hash))
            {
                body.Append("\"sha256\":"u8);
                body.AppendJsonString(hash);
            }

            body.Append("}]"u8);
        }

        body.Append((byte)']');
    }

    private static Outcome<byte[]> EncodeObject(ReadOnlySpan<byte> json, CanonicalJsonMode mode)
    {
        // The event around it is one level more.
        var encoded = CanonicalJson.Encode(json, mode, JsonText.MaxDepth - 1);
        return encoded.Ok && encoded.Value[0] != '{' ? MatrixError.BadJson("Content is not an object") : encoded;
    }

    /// <summary>Room v11 and later: <c>redacts</c> is a member of the content.</summary>
    private ReadOnlySpan<byte> ContentWithRedacts(RoomVersion version)
    {
        if (Redacts is null || !version.RedactsInContent)
            return Content.Span;
        var encoded = EncodeObject(Content.Span, CanonicalJsonMode.Strict);
        if (!encoded.Ok)
            return Content.Span;
        var content = new ByteBuilder(encoded.Value.Length + 64);
        CanonicalEditor.AppendWithout(encoded.Value, "redacts"u8, default, default, ref content);
        content.Length--;
        if (content.Length > 1)
            content.Append((byte)',');
        content.Append("\"redacts\":"u8);
        content.AppendJsonString(Redacts);
        content.Append((byte)'}');
        var result = content.Written.ToArray();
        content.Dispose();
        return result;
    }
}
