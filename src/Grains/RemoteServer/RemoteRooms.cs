using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Device;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Rooms over federation: the servers are tried one after the other (S-S API, Joining, Leaving, Knocking and Inviting).</summary>
internal sealed class RemoteRooms(RemoteServerServices services, IGrainFactory grains) : IRemoteRooms
{
    public async Task<Outcome<string>> JoinAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via) =>
        await TryAsync(via, roomId, userId, Membership.Join, content, async (server, sent) =>
        {
            // A restricted join comes back with the resident server's signature.
            var join = sent.Body.ValueKind == JsonValueKind.Object && sent.Body.TryGetProperty("event"u8, out var signed) && signed.ValueKind == JsonValueKind.Object
                ? JsonBytes.Raw(signed)
                : sent.Pdu.Json;
            var room = new ImportedRoom(server, sent.Pdu.RoomVersion.Id, join, sent.Events("state"), sent.Events("auth_chain"));
            return await grains.GetGrain<IRoomGrain>(roomId).ImportState(room);
        });

    public async Task<Outcome<RemoteKnock>> KnockAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via) =>
        await TryAsync<RemoteKnock>(via, roomId, userId, Membership.Knock, content, (_, sent) =>
        {
            var state = sent.Body.ValueKind == JsonValueKind.Object && sent.Body.TryGetProperty("knock_room_state"u8, out var list) && list.ValueKind == JsonValueKind.Array
                ? JsonBytes.Raw(list)
                : "[]"u8.ToArray();
            return Task.FromResult<Outcome<RemoteKnock>>(new RemoteKnock(sent.Pdu.EventId, state));
        });

    public async Task<Outcome<string>> LeaveAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via) =>
        await TryAsync<string>(via, roomId, userId, Membership.Leave, content, static (_, sent) => Task.FromResult<Outcome<string>>(sent.Pdu.EventId));

    public async Task<Outcome<ReadOnlyMemory<byte>>> InviteAsync(string server, Pdu invite, ReadOnlyMemory<byte> strippedState)
    {
        var path = $"invite/{Uri.EscapeDataString(invite.RoomId)}/{Uri.EscapeDataString(invite.EventId)}";
        var body = JsonBytes.Object(writer =>
        {
            writer.WritePropertyName("event"u8);
            writer.WriteRawValue(invite.Json.Span, skipInputValidation: true);
            writer.WritePropertyName("invite_room_state"u8);
            writer.WriteRawValue(strippedState.IsEmpty ? "[]"u8 : strippedState.Span);
            writer.WriteString("room_version"u8, invite.RoomVersion.Id);
        });
        if (!(await services.Api.PutAsync(server, "/_matrix/federation/v2/" + path, body, RemoteApi.Patience)).TryGet(out var document, out var error))
            return error;
        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("event"u8, out var signed) && signed.ValueKind == JsonValueKind.Object
                ? JsonBytes.Raw(signed)
                : MatrixError.Unknown($"{server} answered without an event", 502);
        }
    }

    private async Task<Outcome<T>> TryAsync<T>(
        ImmutableArray<string> via, string roomId, string userId, string membership, ReadOnlyMemory<byte> content, Func<string, SentMembership, Task<Outcome<T>>> accept)
    {
        var handshake = new MemberHandshake(services, membership);
        var last = MatrixError.NotFound("No server is known that is in the room");
        foreach (var server in via)
        {
            if ((await handshake.RunAsync(server, roomId, userId, content)).TryGet(out var sent, out var error))
            {
                using (sent)
                    return await accept(server, sent);
            }

            // What a server of the room says about the room tells more than that another could not be reached.
            if (last.Status is 404 or 502)
                last = error;
            if (error.ErrCode is ErrCodes.Forbidden && membership != Membership.Join)
                break;
        }

        return last;
    }
}
