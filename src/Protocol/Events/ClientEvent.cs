using System.Buffers;
using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Events;

/// <summary>Events in the form that clients get (C-S API, Room event format and Stripped state).</summary>
public static class ClientEvent
{
    private static readonly ClientEventOptions s_default = new();

    /// <summary>Writes the event. Nothing of the <c>unsigned</c> that another server sent is passed on.</summary>
    public static void Write(Utf8JsonWriter writer, Pdu pdu, ClientEventOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(pdu);
        options ??= s_default;
        writer.WriteStartObject();
        WriteContent(writer, pdu);
        writer.WriteString("event_id"u8, pdu.EventId);
        writer.WriteNumber("origin_server_ts"u8, pdu.OriginServerTs);
        // Room v11: "For backwards-compatibility with older clients, servers should add a redacts property to the top level"
        if (pdu.Type == EventTypes.Redaction && pdu.Redacts is { } redacts)
            writer.WriteString("redacts"u8, redacts);
        if (options.IncludeRoomId)
            writer.WriteString("room_id"u8, pdu.RoomId);
        writer.WriteString("sender"u8, pdu.Sender);
        if (pdu.StateKey is { } stateKey)
            writer.WriteString("state_key"u8, stateKey);
        writer.WriteString("type"u8, pdu.Type);
        WriteUnsigned(writer, pdu, options);
        writer.WriteEndObject();
    }

    /// <summary>The event as UTF-8 JSON.</summary>
    public static byte[] ToJson(Pdu pdu, ClientEventOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pdu);
        var buffer = new ArrayBufferWriter<byte>(pdu.Json.Length + 256);
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, pdu, options);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes a state event as stripped state: sender, type, state key and content only.</summary>
    public static void WriteStripped(Utf8JsonWriter writer, Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(pdu);
        writer.WriteStartObject();
        WriteContent(writer, pdu);
        writer.WriteString("sender"u8, pdu.Sender);
        writer.WriteString("state_key"u8, pdu.StateKey ?? "");
        writer.WriteString("type"u8, pdu.Type);
        writer.WriteEndObject();
    }

    /// <summary>Writes the event in federation form, as stored, without the <c>unsigned</c> that another server sent.</summary>
    public static void WriteFederation(Utf8JsonWriter writer, Pdu pdu)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(pdu);
        writer.WriteRaw(pdu.WithoutUnsigned().Json.Span);
    }

    private static void WriteContent(Utf8JsonWriter writer, Pdu pdu)
    {
        writer.WritePropertyName("content"u8);
        var content = pdu.ContentJson.Span;
        // Room v11: "For improved compatibility with newer clients, servers should add a redacts property to the content of
        // m.room.redaction events in older room versions"
        if (pdu.Type != EventTypes.Redaction || pdu.RoomVersion.RedactsInContent || pdu.Redacts is not { } redacts)
        {
            writer.WriteRaw(content);
            return;
        }

        writer.WriteStartObject();
        var members = new CanonicalObject(content);
        while (members.MoveNext())
        {
            if (members.Key.SequenceEqual("redacts"u8))
                continue;
            writer.WritePropertyName(CanonicalObject.ReadKey(members.Key));
            writer.WriteRaw(members.Value);
        }

        writer.WriteString("redacts"u8, redacts);
        writer.WriteEndObject();
    }

    private static void WriteUnsigned(Utf8JsonWriter writer, Pdu pdu, ClientEventOptions options)
    {
        writer.WriteStartObject("unsigned"u8);
        if (options.NowTs is { } now)
            writer.WriteNumber("age"u8, unchecked(now - pdu.OriginServerTs));
        if (!options.Relations.IsEmpty)
        {
            writer.WritePropertyName("m.relations"u8);
            writer.WriteRaw(options.Relations.Span);
        }

        if (options.Membership is { } membership)
            writer.WriteString("membership"u8, membership);
        if (!options.PrevContent.IsEmpty)
        {
            writer.WritePropertyName("prev_content"u8);
            writer.WriteRaw(options.PrevContent.Span);
        }

        if (options.RedactedBecause is { } redaction)
        {
            writer.WritePropertyName("redacted_because"u8);
            Write(writer, redaction, new ClientEventOptions { IncludeRoomId = options.IncludeRoomId, NowTs = options.NowTs });
            // Not of the specification, but served since before it and looked for by clients.
            writer.WriteString("redacted_by"u8, redaction.EventId);
        }

        if (options.ReplacesState is { } replaced)
            writer.WriteString("replaces_state"u8, replaced);
        if (options.TransactionId is { } transactionId)
            writer.WriteString("transaction_id"u8, transactionId);
        writer.WriteEndObject();
    }
}
