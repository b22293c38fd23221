using System.Buffers.Text;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Events;

/// <summary>Reads events of every room version and checks their format (event format of each room version).</summary>
internal static class PduParser
{
    private const int MaxFieldBytes = 255;

    // Whitespace and escapes can make an event larger on the wire than its canonical form; six times is the most that escapes do.
    private const int MaxWireBytes = 8 * Pdu.MaxBytes;

    public static Outcome<Pdu> Parse(ReadOnlySpan<byte> json, RoomVersion version)
    {
        if (json.Length > MaxWireBytes)
            return TooLarge();
        var encoded = CanonicalJson.Encode(json, version.StrictCanonicalJson ? CanonicalJsonMode.Strict : CanonicalJsonMode.Lenient);
        if (!encoded.TryGet(out var canonical, out var error))
            return error;
        return FromCanonical(canonical, version);
    }

    /// <summary>As <see cref="Parse"/>, for canonical JSON; computes the event id when it is not known.</summary>
    public static Outcome<Pdu> FromCanonical(byte[] canonical, RoomVersion version, string? eventId = null)
    {
        // C-S API, Size limits: "MUST NOT be larger than 65536 bytes, when formatted with the federation event format, including any
        // signatures, and encoded as Canonical JSON"
        if (canonical.Length > Pdu.MaxBytes)
            return TooLarge();
        if (canonical[0] != '{')
            return MatrixError.BadJson("An event is an object");
        var fields = new PduFields();
        var problem = ReadFields(canonical, version, ref fields) ?? CheckIdentifiers(fields, version);
        if (problem is not null)
            return MatrixError.BadJson(problem);
        eventId ??= version.EventIdFormat == EventIdFormat.Given ? fields.EventId! : EventHashes.EventId(canonical, version, fields.Type!);
        return new Pdu(version, eventId, canonical, fields);
    }

    /// <summary>Reads an event that was checked before.</summary>
    public static Pdu Read(ReadOnlyMemory<byte> canonical, RoomVersion version, string eventId) =>
        TryRead(canonical, version, eventId, out var pdu) ? pdu : throw new InvalidDataException($"Stored event {eventId} is damaged");

    /// <summary>As <see cref="Read"/>; false if it is no event.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> canonical, RoomVersion version, string eventId, [NotNullWhen(true)] out Pdu? pdu)
    {
        var fields = new PduFields();
        try
        {
            pdu = !canonical.IsEmpty && ReadFields(canonical.Span, version, ref fields) is null ? new Pdu(version, eventId, canonical, fields) : null;
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or JsonException)
        {
            // The walk over canonical JSON left what is none.
            pdu = null;
        }

        return pdu is not null;
    }

    /// <summary>The ids in <c>auth_events</c> of an event that was checked before.</summary>
    public static ImmutableArray<string> ReadAuthEvents(ReadOnlySpan<byte> canonical, RoomVersion version)
    {
        try
        {
            if (ReadReferences(CanonicalObject.Find(canonical, "auth_events"u8), version, Pdu.MaxAuthEvents, out var ids))
                return ids;
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or JsonException)
        {
            // The walk over canonical JSON left what is none.
        }

        throw new InvalidDataException("A stored event is damaged");
    }

    private static MatrixError TooLarge() => MatrixError.TooLarge($"The event is larger than {Pdu.MaxBytes} bytes");

    /// <summary>Fills in the fields; says what is wrong, or null.</summary>
    private static string? ReadFields(ReadOnlySpan<byte> json, RoomVersion version, ref PduFields fields)
    {
        var present = Required.None;
        var members = new CanonicalObject(json);
        while (members.MoveNext())
        {
            var problem = ReadField(members.Key, members.Value, members.ValueStart..members.End, version, ref fields, ref present);
            if (problem is not null)
                return problem;
        }

        // Before v12 every event has a room id; from v12 all but m.room.create.
        if (fields.RoomId is not null || (version.RoomIdIsCreateHash && fields.Type == EventTypes.Create))
            present |= Required.RoomId;
        if (version.EventIdFormat != EventIdFormat.Given)
            present |= Required.EventId;
        if (present != Required.All)
            return $"The event has no {Required.All & ~present}";
        ReadContentFields(json[fields.Content], version, ref fields);
        return null;
    }

    private static string? ReadField(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Range range, RoomVersion version, ref PduFields fields, ref Required present)
    {
        switch (key)
        {
            case [(byte)'a', ..] when key.SequenceEqual("auth_events"u8):
                present |= Required.AuthEvents;
                return ReadReferences(value, version, Pdu.MaxAuthEvents, out fields.AuthEvents) ? null : "auth_events is not valid";
            case [(byte)'c', ..] when key.SequenceEqual("content"u8):
                present |= Required.Content;
                fields.Content = range;
                return value[0] == '{' ? null : "content is not an object";
            case [(byte)'d', ..] when key.SequenceEqual("depth"u8):
                present |= Required.Depth;
                return ReadInteger(value, out fields.Depth) && fields.Depth >= 0 ? null : "depth is not valid";
            case [(byte)'e', ..] when version.EventIdFormat == EventIdFormat.Given && key.SequenceEqual("event_id"u8):
                present |= Required.EventId;
                return (fields.EventId = CanonicalObject.ReadString(value)) is null ? "event_id is not a string" : null;
            case [(byte)'h', ..] when key.SequenceEqual("hashes"u8):
                present |= Required.Hashes;
                fields.ContentHash = value[0] == '{' ? CanonicalObject.ReadString(CanonicalObject.Find(value, "sha256"u8)) ?? "" : "";
                return fields.ContentHash.Length > 0 ? null : "hashes has no sha256";
            case [(byte)'o', ..] when key.SequenceEqual("origin_server_ts"u8):
                present |= Required.OriginServerTs;
                return ReadInteger(value, out fields.OriginServerTs) ? null : "origin_server_ts is not an integer";
            case [(byte)'p', ..] when key.SequenceEqual("prev_events"u8):
                present |= Required.PrevEvents;
                return ReadReferences(value, version, Pdu.MaxPrevEvents, out fields.PrevEvents) ? null : "prev_events is not valid";
            case [(byte)'r', ..] when !version.RedactsInContent && key.SequenceEqual("redacts"u8):
                return (fields.Redacts = CanonicalObject.ReadString(value)) is null ? "redacts is not a string" : null;
            case [(byte)'r', ..] when key.SequenceEqual("room_id"u8):
                return (fields.RoomId = CanonicalObject.ReadString(value)) is null ? "room_id is not a string" : null;
            case [(byte)'s', ..] when key.SequenceEqual("sender"u8):
                present |= Required.Sender;
                return (fields.Sender = CanonicalObject.ReadString(value)) is null ? "sender is not a string" : null;
            case [(byte)'s', ..] when key.SequenceEqual("signatures"u8):
                present |= Required.Signatures;
                fields.Signatures = range;
                return IsSignatures(value) ? null : "signatures is not valid";
            case [(byte)'s', ..] when key.SequenceEqual("state_key"u8):
                // Who joins or leaves is the sender, whose id is there already.
                fields.StateKey = fields.Sender is { } sender && value is [(byte)'"', .. var text, (byte)'"'] && Ascii.Equals(text, sender) ? sender
                    : CanonicalObject.ReadString(value);
                return IsShort(fields.StateKey) ? null : "state_key is not a string of at most 255 bytes";
            case [(byte)'t', ..] when key.SequenceEqual("type"u8):
                present |= Required.Type;
                fields.Type = value.SequenceEqual("\"m.room.member\""u8) ? EventTypes.Member : CanonicalObject.ReadString(value);
                return IsShort(fields.Type) ? null : "type is not a string of at most 255 bytes";
            case [(byte)'u', ..] when key.SequenceEqual("unsigned"u8):
                fields.Unsigned = range;
                return value[0] == '{' ? null : "unsigned is not an object";
            default:
                return null;
        }
    }

    private static void ReadContentFields(ReadOnlySpan<byte> content, RoomVersion version, ref PduFields fields)
    {
        switch (fields.Type)
        {
            case EventTypes.Member:
                fields.Membership = CanonicalObject.ReadString(CanonicalObject.Find(content, "membership"u8));
                break;
            case EventTypes.Redaction when version.RedactsInContent:
                fields.Redacts = CanonicalObject.ReadString(CanonicalObject.Find(content, "redacts"u8));
                break;
        }
    }

    // appendices, Identifier Grammar: each id of at most 255 bytes; user ids as leniently as "Historical User IDs" asks for.
    private static string? CheckIdentifiers(in PduFields fields, RoomVersion version)
    {
        if (!UserId.IsValid(fields.Sender))
            return "sender is not a user id";
        // A room_id on room v12's create event is for the authorisation rules to reject (rule 1.2).
        if (fields.RoomId is not null && !(version.RoomIdIsCreateHash && fields.Type == EventTypes.Create) &&
            !RoomId.IsValidFor(fields.RoomId, version))
            return "room_id is not a room id of this room version";
        if (version.EventIdFormat == EventIdFormat.Given && !EventId.IsValidWithDomain(fields.EventId))
            return "event_id is not an event id of this room version";
        return HaveValidIds(fields.PrevEvents) && HaveValidIds(fields.AuthEvents) ? null : "prev_events or auth_events holds no event id";
    }

    private static bool HaveValidIds(ImmutableArray<string> ids)
    {
        foreach (var id in ids)
        {
            if (!EventId.IsValid(id))
                return false;
        }

        return true;
    }

    private static bool IsShort(string? text) =>
        text is not null && (text.Length <= MaxFieldBytes / 3 || Encoding.UTF8.GetByteCount(text) <= MaxFieldBytes);

    private static bool ReadInteger(ReadOnlySpan<byte> value, out long number) =>
        Utf8Parser.TryParse(value, out number, out var consumed) && consumed == value.Length;

    /// <summary>Reads <c>["$id", ...]</c>, or in room v1 and v2 <c>[["$id", {"sha256": ...}], ...]</c>.</summary>
    private static bool ReadReferences(ReadOnlySpan<byte> value, RoomVersion version, int max, out ImmutableArray<string> ids)
    {
        ids = [];
        if (value[0] != '[')
            return false;
        if (value.Length == 2)
            return true;
        var builder = ImmutableArray.CreateBuilder<string>(4);
        var items = new CanonicalArray(value);
        while (items.MoveNext())
        {
            var item = items.Value;
            if (version.EventReferencesCarryHashes && !TakeIdOfPair(ref item))
                return false;
            if (builder.Count == max || CanonicalObject.ReadString(item) is not { } id)
                return false;
            builder.Add(id);
        }

        ids = builder.DrainToImmutable();
        return true;
    }

    private static bool TakeIdOfPair(ref ReadOnlySpan<byte> item)
    {
        if (item[0] != '[')
            return false;
        var pair = new CanonicalArray(item);
        if (!pair.MoveNext())
            return false;
        item = pair.Value;
        return pair.MoveNext() && pair.Value[0] == '{' && !pair.MoveNext();
    }

    private static bool IsSignatures(ReadOnlySpan<byte> value)
    {
        if (value[0] != '{')
            return false;
        var servers = new CanonicalObject(value);
        while (servers.MoveNext())
        {
            if (servers.Value[0] != '{')
                return false;
            var keys = new CanonicalObject(servers.Value);
            while (keys.MoveNext())
            {
                if (keys.Value[0] != '"')
                    return false;
            }
        }

        return true;
    }

    [Flags]
    private enum Required
    {
        None = 0,
        EventId = 1,
        RoomId = 2,
        Sender = 4,
        Type = 8,
        Content = 16,
        Depth = 32,
        Hashes = 64,
        Signatures = 128,
        OriginServerTs = 256,
        PrevEvents = 512,
        AuthEvents = 1024,
        All = 2047,
    }
}
