using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>PUT /invite of the federation API: signs a remote invite of a local user and keeps it for the user.</summary>
internal static class SignInvite
{
    private const int MaxStrippedEvents = 50;

    public static async Task<Outcome<ReadOnlyMemory<byte>>> RunAsync(RoomActivation activation, InviteToSign invite)
    {
        var services = activation.Services;
        if (!RoomVersion.TryGet(invite.RoomVersion, out var version))
            return MatrixError.IncompatibleRoomVersion(invite.RoomVersion);
        if (!Pdu.Parse(invite.Event, version).TryGet(out var pdu, out var malformed))
            return malformed;
        if (pdu.EventId != invite.EventId || pdu.RoomId != activation.RoomId || pdu.Type != EventTypes.Member || pdu.Membership != Membership.Invite)
            return MatrixError.InvalidParam("The event is not the invite that the path names");
        // Also of third-party invites, which need no signature of the sender's server: it is that server which makes them for rooms that this one is not in.
        if (pdu.StateKey is not { } userId || !services.Server.IsLocalUser(userId) || !pdu.SenderDomain.SequenceEqual(invite.Origin))
            return MatrixError.Forbidden("The invite is not from the requesting server to a user of this one");
        if (!await activation.ReadAsync(async room => room is null || await room.AllowsServerAsync(invite.Origin)))
            return MatrixError.Forbidden("The server is denied by m.room.server_acl");

        // Whether there is such a user is nothing that other servers need to be told: the invite of one who is not there is signed and goes to nobody.
        var account = await services.Storage.Accounts.GetAsync(userId);
        if (account is { Deactivated: true })
            return MatrixError.Forbidden("The user takes no invites");
        if (await new InvitePermission(services).FindFaultAsync(userId) is { } blocked)
            return blocked;
        var incoming = await VerifyPdu.RunAsync(services.Keys, pdu);
        if (incoming.Pdu is not { } verified)
            return MatrixError.Forbidden(incoming.Fault!);
        var signed = EventSignatures.Sign(verified, services.Server.Name, services.Server.Key);

        // Where this server is in the room, the event comes by way of the room too, and counts only then.
        var isResident = await activation.ReadAsync(room => ValueTask.FromResult(room is not null && room.Servers.ContainsKey(services.Server.Name.Value)));
        if (!isResident && account is not null)
            await KeepAsync(activation, signed, userId, invite.StrippedState);
        return signed.Json;
    }

    private static Task KeepAsync(RoomActivation activation, Pdu invite, string userId, ReadOnlyMemory<byte> given) => activation.WriteAsync(unit =>
    {
        var storage = activation.Services.Storage;
        storage.Events.AddHistoric(unit, new EventRow
        {
            EventId = invite.EventId,
            RoomId = invite.RoomId,
            Type = invite.Type,
            StateKey = invite.StateKey,
            Sender = invite.Sender,
            Depth = invite.Depth,
            OriginServerTs = invite.OriginServerTs,
            Status = EventStatus.Outlier,
            Json = invite.Json,
        });
        var row = new MembershipRow(
            invite.RoomId, userId, Membership.Invite, invite.Sender, invite.EventId, 0, Strip(given, invite), false,
            JsonBytes.StringMember(invite.Content, "displayname"), JsonBytes.StringMember(invite.Content, "avatar_url"));
        storage.Memberships.Put(unit, row, unit.NextPosition(ChangeKind.Membership, userId));
    });

    // Nothing of what the other server says of the room can be checked; it is cut down to what clients expect.
    private static ReadOnlyMemory<byte> Strip(ReadOnlyMemory<byte> given, Pdu invite)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var item in Parse(given))
            {
                if (JsonBytes.StringMember(item, "type") is not { } type || JsonBytes.StringMember(item, "sender") is not { } sender ||
                    JsonBytes.StringMember(item, "state_key") is not { } stateKey || !item.TryGetProperty("content", out var content) ||
                    content.ValueKind != JsonValueKind.Object || JsonText.FindFault(JsonMarshal.GetRawUtf8Value(item)) is not null)
                    continue;
                writer.WriteStartObject();
                writer.WritePropertyName("content"u8);
                content.WriteTo(writer);
                writer.WriteString("sender"u8, sender);
                writer.WriteString("state_key"u8, stateKey);
                writer.WriteString("type"u8, type);
                writer.WriteEndObject();
            }

            ClientEvent.WriteStripped(writer, invite);
            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    private static IEnumerable<JsonElement> Parse(ReadOnlyMemory<byte> json)
    {
        const int MaxBytes = 256 * 1024;
        if (json.IsEmpty || json.Length > MaxBytes)
            return [];
        return JsonText.Read(json, JsonText.MaxDepthInside).TryGet(out var document, out _) && document.RootElement.ValueKind == JsonValueKind.Array
            ? document.RootElement.EnumerateArray().Take(MaxStrippedEvents) : [];
    }
}
