using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>
/// A member event that takes back the invite, or denies the knock, of a local user in a room that this server is not in. The state that would allow it is not
/// here, so it counts if it names the invite or knock among its auth events and comes from the inviter, or by way of the server that the invite or knock rests
/// on, or is allowed by the power levels that the invite or knock itself names.
/// </summary>
internal sealed class WithdrawnMembership(IRemoteRooms remote)
{
    private const int MaxAuthEvents = 10;

    /// <summary>The verdict on the event if it is one and counts; else null.</summary>
    public async Task<JudgedPdu?> RunAsync(RoomActivation activation, ServerName origin, ReadOnlyMemory<byte> json)
    {
        var services = activation.Services;
        if (!JsonBytes.TryParseObject(json, out var claimed) || JsonBytes.StringMember(claimed, "type") != EventTypes.Member ||
            JsonBytes.StringMember(claimed, "state_key") is not { } user || !services.Server.IsLocalUser(user) ||
            await services.Storage.Memberships.GetAsync(activation.RoomId, user) is not { RoomVersion: not null } row || !IsOpen(row) ||
            !RoomVersion.TryGet(row.RoomVersion, out var version))
            return null;
        var incoming = await VerifyPdu.RunAsync(services.Keys, activation.RoomId, version, json);
        if (incoming.Pdu is not { Type: EventTypes.Member, Membership: Membership.Leave or Membership.Ban } pdu || pdu.StateKey != user || pdu.Sender == user ||
            !pdu.AuthEvents.Contains(row.EventId))
            return null;
        var mayDoSo = (row.Membership == Membership.Invite && pdu.Sender == row.Sender) || row.ToldBy == origin.Value ||
            await IsAllowedAsync(activation, origin, version, pdu, row);
        if (!mayDoSo || !await activation.ReadAsync(room => KeepAsync(activation, pdu, row, isResident: room is { IsResident: true })))
            return null;
        return new JudgedPdu(pdu.EventId, PduVerdict.Accepted, null, []);
    }

    private static bool IsOpen(MembershipRow row) => row.Membership is Membership.Invite or Membership.Knock;

    /// <summary>Whether the auth events that the event names allow it, its power levels being those that the invite or knock names.</summary>
    private async Task<bool> IsAllowedAsync(RoomActivation activation, ServerName origin, RoomVersion version, Pdu pdu, MembershipRow row)
    {
        var services = activation.Services;
        if (await services.Storage.Events.GetAsync(row.EventId) is not { } stored)
            return false;
        var member = Pdu.FromStored(stored.Json, version, stored.EventId);
        var create = version.CreateInAuthEvents ? Enumerable.Empty<string>() : ["$" + activation.RoomId[1..]];
        ImmutableArray<string> needed = [.. pdu.AuthEvents.Concat(create).Where(id => id != member.EventId)];
        if (needed.Length > MaxAuthEvents)
            return false;
        var given = await VerifyPdus.RunAsync(services.Keys, activation.RoomId, version, await remote.EventsAsync(origin.Value, activation.RoomId, needed));
        var events = given.Select(i => i.Pdu).OfType<Pdu>().Append(member).DistinctBy(e => e.EventId).ToDictionary(e => e.EventId, StringComparer.Ordinal);
        var levels = events.Values.FirstOrDefault(e => e.Type == EventTypes.PowerLevels);
        if (!needed.All(events.ContainsKey) || (levels is not null && !member.AuthEvents.Contains(levels.EventId)))
            return false;
        return AuthRules.CheckAuthEvents(version, pdu, [.. pdu.AuthEvents.Select(id => new AuthEvent(events[id], false))]).IsAllowed &&
            AuthRules.Check(version, pdu, new NamedState(version, events.Values, [])).IsAllowed;
    }

    /// <summary>False if the row is another by now, or the room's own.</summary>
    private static async ValueTask<bool> KeepAsync(RoomActivation activation, Pdu pdu, MembershipRow row, bool isResident)
    {
        var storage = activation.Services.Storage;
        if (isResident || await storage.Memberships.GetAsync(row.RoomId, row.UserId) is not { } now || now.EventId != row.EventId || !IsOpen(now))
            return false;
        await activation.WriteAsync(unit => storage.Memberships.Put(
            unit, new MembershipRow(row.RoomId, row.UserId, pdu.Membership!, pdu.Sender, pdu.EventId, 0, Shown(pdu), false, null, null),
            unit.NextPosition(ChangeKind.Membership, row.UserId)));
        return true;
    }

    // For the user's clients alone: this server has no history of the room in which it could stand.
    private static ReadOnlyMemory<byte> Shown(Pdu pdu)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            ClientEvent.Write(writer, pdu, new ClientEventOptions { IncludeRoomId = false });
            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }
}
