using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Grains.Room.Policy;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>send_join, send_leave and send_knock: takes in a remote user's member event and sends it on.</summary>
internal static class AcceptMembership
{
    public static async Task<Outcome<MembershipAccepted>> RunAsync(RoomActivation activation, SignedMembership membership, IRemoteRooms? others = null)
    {
        if (activation.Room is not { } present || !present.Servers.ContainsKey(present.Services.Server.Name.Value))
            return MatrixError.NotFound("Unknown room");
        if (MakeMembership.FindIgnorance(present, membership.Membership) is { } ignorance)
            return ignorance;
        if (!Pdu.Parse(membership.Event, present.Version).TryGet(out var pdu, out var malformed))
            return IsUnsigned(membership.Event) ? MatrixError.Forbidden("The event is not signed") : malformed;
        if (FindFault(activation.RoomId, membership, pdu) is { } fault)
            return fault;
        if (await SignRestrictedAsync(activation, pdu) is var signed && !signed.TryGet(out pdu, out var refused))
            return refused;
        var incoming = await VerifyPdu.RunAsync(activation.Services.Keys, pdu);
        if (incoming.Pdu is not { } verified)
            return MatrixError.InvalidParam(incoming.Fault!);
        if (others is not null)
            verified = await PolicySigning.SignAsync(activation, others, verified);

        var judged = await activation.ChangeAsync<MembershipAccepted>(async (room, unit) =>
        {
            if (!await room.AllowsServerAsync(membership.Origin))
                return MatrixError.Forbidden("The server is denied by m.room.server_acl");
            ImmutableArray<string> servers = [.. room.Servers.Keys];
            var verdict = await ReceivePdu.RunAsync(room, unit, verified, default, distribute: true);
            if (verdict.Verdict is not (PduVerdict.Accepted or PduVerdict.Duplicate))
                return NotAccepted(verdict);
            var state = membership.Membership == Membership.Knock ? await StrippedState.WritePdusAsync(room, verified) : default;
            return new MembershipAccepted(verified.Json, state, servers);
        });
        return judged;
    }

    private static bool IsUnsigned(ReadOnlyMemory<byte> json) =>
        JsonBytes.TryParseObject(json, out var given) && !(given.TryGetProperty("signatures"u8, out _) && given.TryGetProperty("hashes"u8, out _));

    private static MatrixError? FindFault(string roomId, SignedMembership membership, Pdu pdu)
    {
        if (pdu.EventId != membership.EventId)
            return MatrixError.InvalidParam("The event has another ID than the path");
        if (pdu.RoomId != roomId || pdu.Type != EventTypes.Member || pdu.Membership != membership.Membership)
            return MatrixError.InvalidParam("The event is not the membership that the path names");
        return pdu.Sender == pdu.StateKey && pdu.SenderDomain.SequenceEqual(membership.Origin)
            ? null
            : MatrixError.InvalidParam("The event is not of a user of the requesting server");
    }

    // S-S API, Restricted rooms: a join in the name of a user of this server needs this server's signature, given only if a condition is met.
    private static async Task<Outcome<Pdu>> SignRestrictedAsync(RoomActivation activation, Pdu pdu)
    {
        var server = activation.Services.Server;
        if (pdu.Membership != Membership.Join || pdu.GetContentString("join_authorised_via_users_server"u8) is not { } authoriser ||
            !server.IsLocalUser(authoriser))
            return pdu;
        var found = await activation.ReadAsync(
            async room => room is null ? MatrixError.NotFound() : await RestrictedJoin.FindAuthoriserAsync(room, pdu.Sender));
        return found.Ok ? EventSignatures.Sign(pdu, server.Name, server.Key) : found.Error;
    }

    private static MatrixError NotAccepted(JudgedPdu verdict) => verdict.Verdict is PduVerdict.MissingAuthEvents or PduVerdict.MissingPrevEvents
        ? MatrixError.Unknown("The event follows events that this server does not know", 403)
        : MatrixError.Forbidden(verdict.Reason ?? "The event is not allowed");
}
