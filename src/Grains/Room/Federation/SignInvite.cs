using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>PUT /invite of the federation API: signs a remote invite of a local user and keeps it for the user.</summary>
internal static class SignInvite
{
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
        var told = await GivenRoomState.StripAsync(services, version, invite.RoomState, verified, mustBeWhole: true);
        if (told.Error is { } wrong)
            return wrong;
        var signed = EventSignatures.Sign(verified, services.Server.Name, services.Server.Key);

        // Where this server is in the room, the event comes by way of the room too, and counts only then.
        var isResident = await activation.ReadAsync(room => ValueTask.FromResult(room is not null && room.Servers.ContainsKey(services.Server.Name.Value)));
        if (!isResident && account is not null)
        {
            await OutsideMembership.KeepAsync(activation, signed, invite.Origin.Value, told.Value);
            if (services.Pushes is { } pushes)
                await pushes.TellAsync(userId);
        }

        return signed.Json;
    }
}
