using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Events;

/// <summary>A persistent data unit: one room event in the federation format of its room's version. Immutable.</summary>
public sealed class Pdu
{
    /// <summary>The most bytes an event may have as canonical JSON, signatures included (C-S API, Size limits).</summary>
    public const int MaxBytes = 65536;

    /// <summary>The most entries of <c>prev_events</c> (event format of every room version).</summary>
    public const int MaxPrevEvents = 20;

    /// <summary>The most entries of <c>auth_events</c> (event format of every room version).</summary>
    public const int MaxAuthEvents = 10;

    private JsonDocument? _content;

    internal Pdu(RoomVersion version, string eventId, ReadOnlyMemory<byte> json, in PduFields fields)
    {
        RoomVersion = version;
        EventId = eventId;
        Json = json;
        // Room v12: "The room ID is the event ID of the [create] event with sigil ! instead of $."
        RoomId = version.RoomIdIsCreateHash && fields.Type == EventTypes.Create ? "!" + eventId[1..] : fields.RoomId!;
        HasRoomId = fields.RoomId is not null;
        Sender = fields.Sender!;
        Type = fields.Type!;
        StateKey = fields.StateKey;
        Depth = fields.Depth;
        OriginServerTs = fields.OriginServerTs;
        PrevEvents = fields.PrevEvents;
        AuthEvents = fields.AuthEvents;
        Redacts = fields.Redacts;
        Membership = fields.Membership;
        ContentHash = fields.ContentHash;
        ContentJson = json[fields.Content];
        SignaturesRange = fields.Signatures;
        UnsignedRange = fields.Unsigned;
    }

    /// <summary>The version of the room that the event is in.</summary>
    public RoomVersion RoomVersion { get; }

    /// <summary>The event id: as given (v1, v2) or '$' and the reference hash.</summary>
    public string EventId { get; }

    /// <summary>The room id; of room v12's create event the derived one.</summary>
    public string RoomId { get; }

    /// <summary>Whether the event carries <c>room_id</c>: room v12's create event must not (room v12, rule 1.2).</summary>
    public bool HasRoomId { get; }

    /// <summary>The sender's user id.</summary>
    public string Sender { get; }

    /// <summary>The event type.</summary>
    public string Type { get; }

    /// <summary>The state key; null when this is not a state event.</summary>
    public string? StateKey { get; }

    /// <summary>True for a state event.</summary>
    public bool IsState => StateKey is not null;

    /// <summary>The depth claimed by the sender's server.</summary>
    public long Depth { get; }

    /// <summary>Milliseconds since the Unix epoch on the sender's server.</summary>
    public long OriginServerTs { get; }

    /// <summary>The ids of the events before this one.</summary>
    public ImmutableArray<string> PrevEvents { get; }

    /// <summary>The ids of the events that allow this one.</summary>
    public ImmutableArray<string> AuthEvents { get; }

    /// <summary>The event that an <c>m.room.redaction</c> redacts: from the top level, or from room v11 on from the content.</summary>
    public string? Redacts { get; }

    /// <summary>The <c>membership</c> of an <c>m.room.member</c>; null for other events and when it is no string.</summary>
    public string? Membership { get; }

    /// <summary>The claimed content hash, <c>hashes.sha256</c>, in unpadded Base64.</summary>
    public string ContentHash { get; }

    /// <summary>The whole event as canonical JSON, in the federation format; what is stored.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>The content as canonical JSON.</summary>
    public ReadOnlyMemory<byte> ContentJson { get; }

    /// <summary>The content, parsed at first use.</summary>
    public JsonElement Content => (_content ??= JsonText.Parse(ContentJson)).RootElement;

    /// <summary>The <c>signatures</c> object as canonical JSON.</summary>
    public ReadOnlyMemory<byte> SignaturesJson => Json[SignaturesRange];

    /// <summary>The <c>unsigned</c> object as received; empty when there is none. Nothing in it can be trusted.</summary>
    public ReadOnlyMemory<byte> UnsignedJson => Json[UnsignedRange];

    /// <summary>The name of the sender's server.</summary>
    public ReadOnlySpan<char> SenderDomain => Sender.AsSpan(Sender.IndexOf(':', StringComparison.Ordinal) + 1);

    internal Range SignaturesRange { get; }

    internal Range UnsignedRange { get; }

    /// <summary>
    /// Parses an event as received and checks its format (S-S API, Checks performed on receipt of a PDU, step 1): M_NOT_JSON, M_BAD_JSON or
    /// M_TOO_LARGE. Signatures and hashes are not checked here.
    /// </summary>
    public static Outcome<Pdu> Parse(ReadOnlyMemory<byte> json, RoomVersion version) => PduParser.Parse(json.Span, version);

    /// <summary>Reads an event back that was checked before it was stored; <paramref name="json"/> is what <see cref="Json"/> gave.</summary>
    /// <exception cref="InvalidDataException">What was stored is not an event.</exception>
    public static Pdu FromStored(ReadOnlyMemory<byte> json, RoomVersion version, string eventId) =>
        PduParser.Read(json, version, eventId);

    /// <summary>As <see cref="FromStored"/>; false if what was stored is not an event.</summary>
    public static bool TryFromStored(ReadOnlyMemory<byte> json, RoomVersion version, string eventId, [NotNullWhen(true)] out Pdu? pdu) =>
        PduParser.TryRead(json, version, eventId, out pdu);

    /// <summary>The ids of the events that allow a stored event, without reading the rest of it.</summary>
    /// <param name="json">What <see cref="Json"/> gave.</param>
    /// <param name="version">The room's version.</param>
    /// <exception cref="InvalidDataException">What was stored is not an event.</exception>
    public static ImmutableArray<string> AuthEventsOfStored(ReadOnlySpan<byte> json, RoomVersion version) => PduParser.ReadAuthEvents(json, version);

    /// <summary>The string member of the content with this name (letters, digits and '_' only); null when there is none.</summary>
    public string? GetContentString(ReadOnlySpan<byte> name) => CanonicalObject.ReadString(CanonicalObject.Find(ContentJson.Span, name));

    /// <summary>Whether the content has a member with this name (letters, digits and '_' only), whatever its value.</summary>
    public bool HasContentMember(ReadOnlySpan<byte> name) => !CanonicalObject.Find(ContentJson.Span, name).IsEmpty;

    /// <summary>All signatures, in the order of server names and key ids.</summary>
    public List<EventSignature> GetSignatures()
    {
        var signatures = new List<EventSignature>();
        var servers = new CanonicalObject(SignaturesJson.Span);
        while (servers.MoveNext())
        {
            var server = CanonicalObject.ReadKey(servers.Key);
            var keys = new CanonicalObject(servers.Value);
            while (keys.MoveNext())
                signatures.Add(new EventSignature(server, CanonicalObject.ReadKey(keys.Key), CanonicalObject.ReadString(keys.Value)!));
        }

        return signatures;
    }

    /// <summary>The same event without <c>unsigned</c>, which neither id nor signatures cover.</summary>
    public Pdu WithoutUnsigned() => UnsignedJson.IsEmpty ? this : PduParser.Read(CanonicalEditor.Without(Json.Span, "unsigned"u8), RoomVersion, EventId);

    /// <inheritdoc/>
    public override string ToString() => $"{EventId} ({Type})";
}
