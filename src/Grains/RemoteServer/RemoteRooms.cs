using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Rooms over federation: what a server makes is sent to it, to one after the other until one takes it (S-S API, Joining, Leaving, Knocking and Inviting).
/// </summary>
internal sealed class RemoteRooms(RemoteServerServices services, RoomServices rooms, IGrainFactory grains) : IRemoteRooms
{
    private const int MaxSignatureLength = 100;
    private const int MaxTemplatesAtOnce = 3;
    private static readonly TimeSpan s_moment = TimeSpan.FromSeconds(1.5);

    // For all servers together: a user waits for the answer.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(150);

    public Task<Outcome<string>> JoinAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via) =>
        TryAsync(new MemberHandshake(services, Membership.Join), roomId, userId, content, via, (server, pdu) =>
            services.Joins.RunAsync(server, () => new RemoteJoin(services, rooms, grains).RunAsync(server, pdu)));

    public Task<Outcome<ImmutableArray<string>>> StateBeforeAsync(
        string server, string roomId, string roomVersion, string eventId, bool idsOnly = false, CancellationToken cancellationToken = default) =>
        new RemoteState(services, rooms).RunAsync(server, roomId, roomVersion, eventId, idsOnly, cancellationToken);

    public async Task<Outcome<RemoteKnock>> KnockAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via)
    {
        var handshake = new MemberHandshake(services, Membership.Knock);
        return await TryAsync<RemoteKnock>(handshake, roomId, userId, content, via, async (server, pdu) =>
        {
            if (!(await handshake.SendAsync(server, pdu)).TryGet(out var answer, out var error))
                return error;
            using (answer)
            {
                var body = answer.RootElement;
                var state = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("knock_room_state"u8, out var list) &&
                    list.ValueKind == JsonValueKind.Array
                    ? JsonBytes.Raw(list)
                    : "[]"u8.ToArray();
                return new RemoteKnock(pdu, state, server);
            }
        });
    }

    public async Task<Outcome<string>> LeaveAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via)
    {
        var handshake = new MemberHandshake(services, Membership.Leave);
        return await TryAsync<string>(handshake, roomId, userId, content, via, async (server, pdu) =>
        {
            if (!(await handshake.SendAsync(server, pdu)).TryGet(out var answer, out var error))
                return error;
            answer.Dispose();
            return pdu.EventId;
        });
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> InviteAsync(string server, Pdu invite, ReadOnlyMemory<byte> roomState)
    {
        var path = $"invite/{Uri.EscapeDataString(invite.RoomId)}/{Uri.EscapeDataString(invite.EventId)}";
        var body = JsonBytes.Object(writer =>
        {
            writer.WritePropertyName("event"u8);
            writer.WriteRaw(invite.Json.Span);
            writer.WritePropertyName("invite_room_state"u8);
            writer.WriteRaw(roomState.IsEmpty ? "[]"u8 : roomState.Span);
            writer.WriteString("room_version"u8, invite.RoomVersion.Id);
        });
        var sent = await services.Api.PutAsync(server, "/_matrix/federation/v2/" + path, body, RemoteApi.Patience);

        // "Senders should … fall back to v1 if the room version is 1 or 2": the event as it is, what tells of the room within.
        if (sent.Error is { ErrCode: ErrCodes.Unrecognized } && invite.RoomVersion.EventIdFormat == EventIdFormat.Given)
            sent = await services.Api.PutAsync(server, "/_matrix/federation/v1/" + path, WithState(invite, roomState), RemoteApi.Patience);
        if (!sent.TryGet(out var document, out var error))
            return error;
        using (document)
        {
            return SentMembership.BodyOf(document) is { ValueKind: JsonValueKind.Object } answer && answer.TryGetProperty("event"u8, out var signed) &&
                signed.ValueKind == JsonValueKind.Object
                ? JsonBytes.Raw(signed)
                : MatrixError.Unknown($"{server} answered without an event", 502);
        }
    }

    private static ReadOnlyMemory<byte> WithState(Pdu invite, ReadOnlyMemory<byte> roomState)
    {
        using var document = JsonText.Parse(invite.Json);
        return JsonBytes.Object(writer =>
        {
            JsonBytes.CopyMembers(writer, document.RootElement, "unsigned");
            writer.WriteStartObject("unsigned"u8);
            writer.WritePropertyName("invite_room_state"u8);
            writer.WriteRaw(roomState.IsEmpty ? "[]"u8 : roomState.Span);
            writer.WriteEndObject();
        });
    }

    public async Task<ImmutableArray<ReadOnlyMemory<byte>>> EventsAsync(string server, string roomId, ImmutableArray<string> eventIds) =>
        [.. await new RoomSource(services, grains, server, roomId).SinglesAsync(eventIds)];

    public async Task<Outcome<Nothing>> ExchangeInviteAsync(string server, string roomId, ReadOnlyMemory<byte> partialEvent)
    {
        var target = $"/_matrix/federation/v1/exchange_third_party_invite/{Uri.EscapeDataString(roomId)}";
        if (!(await services.Api.PutAsync(server, target, partialEvent, RemoteApi.Patience)).TryGet(out var document, out var error))
            return error;
        document.Dispose();
        return Nothing.Value;
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> AskPolicyServerAsync(string server, Pdu pdu)
    {
        if (!(await services.Api.PostAsync(server, "/_matrix/policy/v1/sign", pdu.WithoutUnsigned().Json)).TryGet(out var document, out var error))
        {
            // That there is no policy server, or that it does not know this server, is nothing that the client's request could be blamed for.
            return error.ErrCode is ErrCodes.Unrecognized or ErrCodes.Unauthorized
                ? MatrixError.Unknown($"{server} does not work as the room's policy server", 502) : error;
        }

        using (document)
        {
            // "Those existing signatures might not be returned by the policy server, but should be retained."
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(server, out var keys) &&
                JsonBytes.StringMember(keys, RoomPolicyServer.KeyId) is { Length: <= MaxSignatureLength } signature
                ? EventSignatures.AddSignature(pdu, server, RoomPolicyServer.KeyId, signature).Json
                : MatrixError.Forbidden($"The policy server {server} did not sign the event");
        }
    }

    private async Task<Outcome<T>> TryAsync<T>(
        MemberHandshake handshake, string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via,
        Func<string, Pdu, Task<Outcome<T>>> send)
    {
        var last = MatrixError.NotFound("No server is known that is in the room");
        var started = services.Time.GetTimestamp();
        // Who makes a template changes nothing there: one that nobody takes is let be.
        var templates = new ServersInTurn<Outcome<Pdu>>(
            (server, _) => handshake.MakeAsync(server, roomId, userId, content), MaxTemplatesAtOnce, s_moment, services.Time);
        await foreach (var (server, made) in templates.AskAsync(via.Distinct(StringComparer.Ordinal)))
        {
            if (services.Time.GetElapsedTime(started) > s_patience)
                break;
            var outcome = made.TryGet(out var pdu, out var refusal) ? await send(server, pdu) : refusal;
            if (outcome.Error is not { } error)
                return outcome;

            // What a server of the room says about the room tells more than that another could not be reached.
            if (last.Status is 404 or 502)
                last = error;
            if (error.ErrCode is ErrCodes.IncompatibleRoomVersion || (error.ErrCode is ErrCodes.Forbidden && handshake.Kind != Membership.Join))
                break;
        }

        // "If M_MISSING_PARAM or M_INVALID_PARAM is returned …, the Client-Server API request SHOULD fail with a 5xx error rather than being passed through."
        return last.ErrCode is ErrCodes.MissingParam or ErrCodes.InvalidParam or ErrCodes.Unrecognized ? MatrixError.Unknown(last.Message, 502) : last;
    }
}
