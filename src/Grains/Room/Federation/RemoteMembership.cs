using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>Membership changes that other servers have a part in.</summary>
internal sealed class RemoteMembership(IRemoteRooms remote)
{
    private const int MaxServers = 20;

    /// <summary>Joins, knocks at or leaves a room that this server is not in.</summary>
    public async Task<Outcome<string>> ChangeOwnAsync(RoomActivation activation, MembershipChange change, ReadOnlyMemory<byte> content)
    {
        var memberships = activation.Services.Storage.Memberships;
        var user = change.Target;
        var row = await memberships.GetAsync(activation.RoomId, user);
        var via = Servers(activation, change, row);
        switch (change.Action)
        {
            case MembershipAction.Join:
                return await remote.JoinAsync(activation.RoomId, user, content, via);
            case MembershipAction.Knock:
                var knock = await remote.KnockAsync(activation.RoomId, user, content, via);
                if (!knock.TryGet(out var taken, out var notTaken))
                    return notTaken;
                var told = await GivenRoomState.StripAsync(
                    activation.Services, taken.Event.RoomVersion, taken.RoomState, taken.Event, mustBeWhole: false);
                await OutsideMembership.KeepAsync(activation, taken.Event, taken.Server, told.Value);
                return taken.Event.EventId;
            default:
                if (row?.Membership is not (Membership.Invite or Membership.Knock or Membership.Join))
                    return MatrixError.Forbidden("You are not in the room");
                // If no server of the room can be told, the user is rid of the invite all the same.
                var left = await remote.LeaveAsync(activation.RoomId, user, content, via);
                var leaveId = left.Ok ? left.Value : $"${RandomText.Base62(activation.Services.Random, 43)}";
                await KeepLeaveAsync(activation, user, leaveId, LeaveEvent(activation, user, leaveId, content));
                return leaveId;
        }
    }

    /// <summary>Invites a user of another server: that server signs the event before it enters the room.</summary>
    public async Task<Outcome<string>> InviteAsync(RoomActivation activation, MembershipChange change, ReadOnlyMemory<byte> content)
    {
        var draft = new EventDraft(change.Requester.UserId, EventTypes.Member, change.Target, content);
        var prepared = await activation.ReadAsync<Outcome<(Pdu Invite, ReadOnlyMemory<byte> RoomState)>>(async room =>
        {
            if (room is null)
                return MatrixError.NotFound("Unknown room");
            if (await room.Current.FindAsync(EventTypes.Create, "") is { } create && AuthRules.IsClosedTo(change.Target, create))
                return MatrixError.Forbidden("The room takes no users of other servers");
            var built = await BuildLocalEvent.RunAsync(room, draft);
            return built.TryGet(out var local, out var fault) ? (local.Pdu, await StrippedState.WritePdusAsync(room, local.Pdu)) : fault;
        });
        if (!prepared.TryGet(out var invite, out var error))
            return error;
        var server = change.Target[(change.Target.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var answer = await remote.InviteAsync(server, invite.Invite, invite.RoomState);
        if (answer.Error is { } refused)
            return refused;
        if (!Pdu.Parse(answer.Value, invite.Invite.RoomVersion).TryGet(out var returned, out var malformed))
            return malformed;
        var incoming = await VerifyPdu.RunAsync(activation.Services.Keys, returned);
        if (incoming.Pdu is not { } signed || signed.EventId != invite.Invite.EventId)
            return MatrixError.Unknown("The other server answered with another event", 502);
        return await activation.ChangeAsync<string>(async (room, unit) =>
        {
            var verdict = await ReceivePdu.RunAsync(room, unit, signed, default, distribute: true);
            return verdict.Verdict is Abstractions.Room.Federation.PduVerdict.Accepted or Abstractions.Room.Federation.PduVerdict.Duplicate
                ? signed.EventId
                : MatrixError.Forbidden(verdict.Reason ?? "The invite is not allowed any more");
        });
    }

    // For the user's clients alone: this server has no history of the room in which it could stand.
    private static ReadOnlyMemory<byte> LeaveEvent(RoomActivation activation, string user, string eventId, ReadOnlyMemory<byte> content)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            writer.WriteStartObject();
            writer.WritePropertyName("content"u8);
            writer.WriteRaw(content.Span);
            writer.WriteString("event_id"u8, eventId);
            writer.WriteNumber("origin_server_ts"u8, activation.Services.Now);
            writer.WriteString("sender"u8, user);
            writer.WriteString("state_key"u8, user);
            writer.WriteString("type"u8, EventTypes.Member);
            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    private static ImmutableArray<string> Servers(RoomActivation activation, MembershipChange change, MembershipRow? row)
    {
        IEnumerable<string> given = change.Via.IsDefault ? [] : change.Via;
        var known = activation.Room?.Servers.Keys.AsEnumerable() ?? [];
        // Who invited the user, or took the knock, is in the room, and a room id of an old version names the server that made it.
        var inviter = row is { Membership: Membership.Invite } ? row.Sender : "";
        return
        [
            .. given.Concat(known).Append(row?.ToldBy ?? "").Append(DomainOf(inviter)).Append(DomainOf(activation.RoomId))
                .Where(s => s.Length > 0 && s != activation.Services.Server.Name.Value).Distinct(StringComparer.Ordinal).Take(MaxServers),
        ];
    }

    private static string DomainOf(string id) => id.Contains(':') ? id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..] : "";

    private static Task KeepLeaveAsync(RoomActivation activation, string user, string eventId, ReadOnlyMemory<byte> stripped) =>
        activation.WriteAsync(unit =>
        {
            var row = new MembershipRow(activation.RoomId, user, Membership.Leave, user, eventId, 0, stripped, false, null, null);
            activation.Services.Storage.Memberships.Put(unit, row, unit.NextPosition(ChangeKind.Membership, user));
        });
}
