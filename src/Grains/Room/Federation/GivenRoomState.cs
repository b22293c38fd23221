using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>
/// What another server tells of a room that this one is not in: <c>invite_room_state</c> and <c>knock_room_state</c>. Clients get it as stripped state. From
/// room version 12 on it must be events of the room that verify; before, nothing of it is checked, since many servers give stripped events there.
/// </summary>
internal static class GivenRoomState
{
    private const int MaxEvents = 50;
    private const int MaxBytes = 1024 * 1024;

    /// <summary>The stripped state as a JSON array, at its end the user's own member event.</summary>
    /// <param name="services">What rooms need.</param>
    /// <param name="version">The room's version.</param>
    /// <param name="given">A JSON array; of more than 50 entries, or 1 MiB, the rest is left out.</param>
    /// <param name="member">The invite or knock.</param>
    /// <param name="mustBeWhole">
    /// M_INVALID_PARAM if something is wrong with it (invites); else what is wrong is left out ("Entries which are improperly signed or formatted SHOULD be
    /// removed by the server prior to supplying them over the Client-Server API": knocks).
    /// </param>
    public static async Task<Outcome<ReadOnlyMemory<byte>>> StripAsync(
        RoomServices services, RoomVersion version, ReadOnlyMemory<byte> given, Pdu member, bool mustBeWhole)
    {
        var entries = Entries(given).ToList();
        if (!version.InviteStateMustVerify)
            return Write(writer => entries.ForEach(entry => WriteEntry(writer, entry)), member);
        var incoming = await VerifyPdus.RunAsync(services.Keys, member.RoomId, version, [.. entries.Select(JsonBytes.Raw)]);
        var events = incoming.Select(i => i.Pdu).Where(pdu => pdu is { StateKey: not null }).OfType<Pdu>().ToList();
        if (mustBeWhole && events.Count < incoming.Length)
            return MatrixError.InvalidParam($"What is told of the room is not all state of it: {incoming.FirstOrDefault(i => i.Fault is not null)?.Fault}");
        if (mustBeWhole && !events.Exists(pdu => pdu is { Type: EventTypes.Create, StateKey: "" }))
            return MatrixError.InvalidParam("The room's m.room.create is missing");
        return Write(writer => events.ForEach(pdu => ClientEvent.WriteStripped(writer, pdu)), member);
    }

    private static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write, Pdu member)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            write(writer);
            ClientEvent.WriteStripped(writer, member);
            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    // What is no event of state is nothing that clients expect.
    private static void WriteEntry(Utf8JsonWriter writer, JsonElement entry)
    {
        if (JsonBytes.StringMember(entry, "type") is not { } type || JsonBytes.StringMember(entry, "sender") is not { } sender ||
            JsonBytes.StringMember(entry, "state_key") is not { } stateKey || !entry.TryGetProperty("content", out var content) ||
            content.ValueKind != JsonValueKind.Object || JsonText.FindFault(JsonMarshal.GetRawUtf8Value(entry)) is not null)
            return;
        writer.WriteStartObject();
        writer.WritePropertyName("content"u8);
        content.WriteTo(writer);
        writer.WriteString("sender"u8, sender);
        writer.WriteString("state_key"u8, stateKey);
        writer.WriteString("type"u8, type);
        writer.WriteEndObject();
    }

    private static IEnumerable<JsonElement> Entries(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty || json.Length > MaxBytes)
            return [];
        return JsonText.Read(json, JsonText.MaxDepthInside).TryGet(out var document, out _) && document.RootElement.ValueKind == JsonValueKind.Array
            ? document.RootElement.EnumerateArray().Take(MaxEvents) : [];
    }
}
