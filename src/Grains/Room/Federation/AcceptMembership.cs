using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Grains.Room.Pipeline;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>send_join, send_leave and send_knock: takes in a remote user's member event, sends it on, and tells the state of the room.</summary>
internal static class AcceptMembership
{
    public static async Task<Outcome<MembershipAccepted>> RunAsync(RoomActivation activation, SignedMembership membership)
    {
        if (activation.Room is not { } present || !present.Servers.ContainsKey(present.Services.Server.Name.Value))
            return MatrixError.NotFound("Unknown room");
        if (!Pdu.Parse(membership.Event, present.Version).TryGet(out var pdu, out var malformed))
            return malformed;
        if (FindFault(activation.RoomId, membership, pdu) is { } fault)
            return fault;
        if (await SignRestrictedAsync(activation, pdu) is var signed && !signed.TryGet(out pdu, out var refused))
            return refused;
        var incoming = await VerifyPdu.RunAsync(activation.Services.Keys, pdu);
        if (incoming.Pdu is not { } verified)
            return MatrixError.Forbidden(incoming.Fault!);

        var judged = await activation.ChangeAsync<MembershipAccepted>(async (room, unit) =>
        {
            if (!await room.AllowsServerAsync(membership.Origin))
                return MatrixError.Forbidden("The server is denied by m.room.server_acl");
            var verdict = await ReceivePdu.RunAsync(room, unit, verified, default, distribute: true);
            return verdict.Verdict is PduVerdict.Accepted or PduVerdict.Duplicate ? await AnswerAsync(room, membership, verified) : NotAccepted(room, unit, verdict);
        });
        return judged;
    }

    private static MatrixError? FindFault(string roomId, SignedMembership membership, Pdu pdu)
    {
        if (pdu.EventId != membership.EventId)
            return MatrixError.InvalidParam("The event has another ID than the path");
        if (pdu.RoomId != roomId || pdu.Type != EventTypes.Member || pdu.Membership != membership.Membership)
            return MatrixError.InvalidParam("The event is not the membership that the path names");
        return pdu.Sender == pdu.StateKey && pdu.SenderDomain.SequenceEqual(membership.Origin)
            ? null
            : MatrixError.Forbidden("The event is not of a user of the requesting server");
    }

    // S-S API, Restricted rooms: a join in the name of a user of this server needs this server's signature, given only if a condition is met.
    private static async Task<Result<Pdu>> SignRestrictedAsync(RoomActivation activation, Pdu pdu)
    {
        var server = activation.Services.Server;
        if (pdu.Membership != Membership.Join || pdu.GetContentString("join_authorised_via_users_server"u8) is not { } authoriser || !server.IsLocalUser(authoriser))
            return pdu;
        var found = await activation.ReadAsync(async room => room is null ? MatrixError.NotFound() : await RestrictedJoin.FindAuthoriserAsync(room, pdu.Sender));
        return found.IsOk ? EventSignatures.Sign(pdu, server.Name, server.Key) : found.Error;
    }

    private static MatrixError NotAccepted(ActiveRoom room, RoomUnit unit, JudgedPdu verdict) => verdict.Verdict is PduVerdict.MissingAuthEvents or PduVerdict.MissingPrevEvents
        ? MatrixError.Unknown("The event follows events that this server does not know", 403)
        : MatrixError.Forbidden(verdict.Reason ?? "The event is not allowed");

    private static async ValueTask<Outcome<MembershipAccepted>> AnswerAsync(ActiveRoom room, SignedMembership membership, Pdu pdu)
    {
        if (membership.Membership == Membership.Knock)
            return new MembershipAccepted(pdu.Json, [], [], await StrippedState.WriteAsync(room, pdu), [], false);
        if (membership.Membership != Membership.Join)
            return new MembershipAccepted(pdu.Json, [], [], default, [], false);
        var known = (await room.Events.GetAsync(pdu.EventId))!;
        var entries = await room.Map.ListAsync(known.StateBefore!.Value, membership.OmitMembers ? StatePart.NonMembers : StatePart.All);
        var state = (await room.Events.GetManyAsync(entries.Select(e => e.EventId))).Values.Select(e => e.Pdu).ToList();
        var chain = await AuthChain.OfAsync(room, [.. state, pdu]);
        return new MembershipAccepted(
            pdu.Json, [.. state.Select(p => p.Json)], [.. chain.Select(p => p.Json)], default, [.. room.Servers.Keys], membership.OmitMembers);
    }
}
