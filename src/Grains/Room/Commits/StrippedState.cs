using System.Buffers;
using System.Text.Json;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Commits;

/// <summary>What an invited or knocking user may know of a room (C-S API, Stripped state).</summary>
internal static class StrippedState
{
    private static readonly string[] s_types =
        [EventTypes.Create, EventTypes.JoinRules, EventTypes.CanonicalAlias, EventTypes.Name, EventTypes.Avatar, EventTypes.Topic, EventTypes.Encryption];

    /// <summary>A JSON array of stripped state events of the current state, the sender's member event and the event itself.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>> WriteAsync(ActiveRoom room, Pdu member)
    {
        await room.Current.LoadAsync([.. s_types.Select(t => new StateKey(t, "")), new StateKey(EventTypes.Member, member.Sender)]);
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var type in s_types)
                Write(writer, room.Current.Get(type, ""));
            if (member.Sender != member.StateKey)
                Write(writer, room.Current.Get(EventTypes.Member, member.Sender));
            Write(writer, member);
            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>
    /// The same as a JSON array of whole events, for another server, without the event itself, which it has (S-S API, Inviting to a room: "MUST contain the
    /// m.room.create event for the room. All events listed MUST additionally be formatted according to the room version specification").
    /// </summary>
    public static async ValueTask<ReadOnlyMemory<byte>> WritePdusAsync(ActiveRoom room, Pdu member)
    {
        await room.Current.LoadAsync([.. s_types.Select(t => new StateKey(t, "")), new StateKey(EventTypes.Member, member.Sender)]);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var pdu in s_types.Select(type => room.Current.Get(type, "")).Append(room.Current.Get(EventTypes.Member, member.Sender)).OfType<Pdu>())
            {
                if (pdu.EventId != member.EventId)
                    ClientEvent.WriteFederation(writer, pdu);
            }

            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter writer, Pdu? pdu)
    {
        if (pdu is not null)
            ClientEvent.WriteStripped(writer, pdu);
    }
}
